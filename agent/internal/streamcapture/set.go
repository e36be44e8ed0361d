package streamcapture

import (
	"context"
	"errors"
	"time"

	"packet-capture/agent/internal/filter"
	"packet-capture/agent/internal/settings"
)

// ErrEnding is the error of calls that come too late.
var ErrEnding = errors.New("the capture is ending")

// Set replaces the filter and the snaplen while the capture runs: each interface has the old ones up to a packet, and
// the new ones from the next one on, and none is missed. The error is a *Refusal, with the old ones still in force, or
// ErrEnding. Any goroutine may call it, one at a time.
func (c *Capture) Set(ctx context.Context, expression string, snaplen settings.Snaplen) error {
	user := map[filter.LinkType]filter.Program{}
	for _, source := range c.merger.Sources {
		if err := c.compile(ctx, user, expression, source.Interface); err != nil {
			return err
		}
	}
	return c.onLoop(func() error {
		before := c.chosen
		c.chosen = chosen{expression, snaplen, user}
		err := c.setPrograms()
		if err != nil {
			c.chosen = before
			// What was in force fits again.
			if again := c.setPrograms(); again != nil {
				c.fail(again)
			}
			return &Refusal{"filter", err.Error()}
		}
		for _, source := range c.merger.Sources {
			source.SetSnaplen(snaplen.Bytes)
		}
		return nil
	})
}

// Counts returns the counters until now. Any goroutine may call it.
func (c *Capture) Counts() ([]Lost, error) {
	var all []Lost
	err := c.onLoop(func() error {
		for _, source := range c.merger.Sources {
			if stats, err := source.Stats(); err == nil {
				all = append(all, Lost{source.Name, stats.Received - stats.Dropped, stats.Dropped})
			}
		}
		return nil
	})
	return all, err
}

// onLoop has fn called on the loop, and returns what it returns.
func (c *Capture) onLoop(fn func() error) error {
	done := make(chan error, 1)
	c.loop.Post(func() { done <- fn() })
	select {
	case err := <-done:
		return err
	case <-time.After(hubPatience):
		return ErrEnding
	}
}

// setPrograms gives each socket the program that is in force.
func (c *Capture) setPrograms() error {
	for _, source := range c.merger.Sources {
		program, err := c.program(source.Link)
		if err != nil {
			return err
		}
		if err := source.SetFilter(program); err != nil {
			return err
		}
	}
	return nil
}
