package agent

import "time"

// cutPatience is how long a change waits for packets of before it. The kernel hands them over within capture.Retire; it does
// not when its clock was set back meanwhile, and then their times say nothing.
const cutPatience = 500 * time.Millisecond

// whenFree calls fn when no change goes on: at once, if none does.
func (v *live) whenFree(fn func()) {
	if v.merger.Pending() {
		v.waiting = append(v.waiting, fn)
	} else {
		fn()
	}
}

// cut calls fn between the packets of before now and those of later. It needs a whenFree around it.
func (v *live) cut(fn func()) {
	v.merger.At(v.now().UnixNano(), func() {
		v.hurry.Stop()
		fn()
		// The next one may cut, too, and then the rest waits again.
		next := v.waiting
		v.waiting = nil
		for _, waiting := range next {
			v.whenFree(waiting)
		}
	})
	v.hurry = v.loop.After(cutPatience, func() {
		v.merger.Hurry()
		v.advance()
	})
	// Not from in here: the caller may be in the middle of something.
	v.loop.After(0, v.advance)
}

// rotate begins the next file.
func (v *live) rotate() {
	v.whenFree(func() {
		if v.running {
			v.cut(func() { _ = v.recorder.Rotate() })
		}
	})
}
