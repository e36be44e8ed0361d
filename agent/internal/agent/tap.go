package agent

import (
	"errors"
	"slices"

	"packet-capture/agent/internal/capture"
	"packet-capture/agent/internal/filter"
)

// input is an interface to capture from, and the program of the user's filter for its link type.
type input struct {
	capture.Interface
	user filter.Program
}

// tap is an input with an open socket.
type tap struct {
	*capture.Source
	input input
	// buffer is the size of the socket's ring, in bytes.
	buffer int64
	// leaving: the interface has gone, and its last packets are still read.
	leaving bool
}

// nothing is a program that lets no packet through.
var nothing = filter.Program{{Op: 0x06}}

// open opens a tap that receives packets from now on.
func (s *session) open(in input, buffer int64) (*tap, error) {
	program, err := filter.Build(in.user, in.Link, s.snaplen, s.flows)
	if err != nil {
		return nil, err
	}
	socket, err := capture.Open(in.Interface, capture.Options{Buffer: buffer, Snaplen: s.snaplen.Bytes, Program: program})
	if err != nil {
		return nil, err
	}
	if err := s.loop.AddEdge(socket.FD(), s.advance); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return &tap{Source: &capture.Source{Socket: socket}, input: in, buffer: buffer}, nil
}

func (s *session) closeTaps(taps []*tap) {
	for _, t := range taps {
		s.loop.Remove(t.FD())
		_ = t.Close()
	}
}

func (s *session) setSources() {
	s.merger.Sources = s.merger.Sources[:0]
	for _, t := range s.taps {
		s.merger.Sources = append(s.merger.Sources, t.Source)
	}
}

// find returns the tap of an interface, or nil.
func (s *session) find(i capture.Interface) *tap {
	at := slices.IndexFunc(s.taps, func(t *tap) bool { return t.input.Interface == i && !t.leaving })
	if at < 0 {
		return nil
	}
	return s.taps[at]
}

func (s *session) setFilter(t *tap, user filter.Program) error {
	program, err := filter.Build(user, t.Link, s.snaplen, s.flows)
	if err != nil {
		return err
	}
	if err := t.SetFilter(program); err != nil {
		return err
	}
	t.input.user = user
	return nil
}

func sourcesOf(taps []*tap) []*capture.Source {
	var sources []*capture.Source
	for _, t := range taps {
		sources = append(sources, t.Source)
	}
	return sources
}

// without returns the taps that are not in others.
func without(taps, others []*tap) []*tap {
	var rest []*tap
	for _, t := range taps {
		if !slices.Contains(others, t) {
			rest = append(rest, t)
		}
	}
	return rest
}
