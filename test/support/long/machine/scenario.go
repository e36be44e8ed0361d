package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience is how long something may take that takes a moment.
const patience = time.Minute

// plan is what the test wants to be done.
type plan struct {
	// Environment is the container's.
	Environment []string `json:"environment"`
	// Settings are those of all annotations, by their names; Changed are the same after the change.
	Settings map[string]string `json:"settings"`
	Changed  map[string]string `json:"changed"`
	// Count is how many numbered packets are sent to UDPPort and OtherPort each before the settings change, how many
	// after the change is in force, and how many messages over TCP to TCPPort.
	Count     int `json:"count"`
	PerSecond int `json:"perSecond"`
	UDPPort   int `json:"udpPort"`
	OtherPort int `json:"otherPort"`
	TCPPort   int `json:"tcpPort"`
	// Stream is the command that captures to standard output, and Order the line that moves it.
	Stream []string `json:"stream"`
	Order  string   `json:"order"`
	// Steered is how many packets more are sent after that, to both UDP ports.
	Steered int    `json:"steered"`
	Metrics string `json:"metrics"`
	// Tests are those that are run instead of all this, by packages of the agent.
	Tests map[string][]string `json:"tests"`
}

func scenario(p plan, r *report) error {
	defer func() { r.Files = captureFiles() }()
	received, err := receive(p.UDPPort, p.OtherPort)
	if err != nil {
		return err
	}
	if r.Version, err = run(nil, "/usr/lib/packet-capture/agent", "version"); err != nil {
		return err
	}
	agent, err := start(p.Environment, "/usr/bin/packet-capture-agent", "run")
	if err != nil {
		return err
	}
	defer func() { r.Events, r.Noise = agent.out.lines(), agent.said.text() }()
	if err := agent.wait("started"); err != nil {
		return err
	}
	r.took("started")
	stream, err := start(p.Environment, p.Stream...)
	if err != nil {
		return err
	}
	defer func() { r.Stream.Capture, r.Stream.Said = []byte(stream.out.text()), stream.said.lines() }()
	if err := until("the stream's head", func() bool { return stream.out.text() != "" }); err != nil {
		return err
	}
	if r.Sent, err = sendUDP(1, p.PerSecond, p.changing(agent), p.UDPPort, p.OtherPort); err != nil {
		return err
	}
	if err := exchangeTCP(p.TCPPort, p.Count); err != nil {
		return err
	}
	r.took("traffic")
	if err := steer(p, stream, r); err != nil {
		return err
	}
	r.took("steered")
	// It is written every two seconds at most.
	time.Sleep(3 * time.Second)
	if r.Status, err = run(p.Environment, "/usr/lib/packet-capture/agent", "status"); err != nil {
		return err
	}
	if r.Metrics, err = get(p.Metrics); err != nil {
		return err
	}
	if err := agent.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	r.ExitCode, err = agent.end()
	r.took("stopped")
	r.Received = map[int]int64{}
	for port, count := range received {
		r.Received[port] = count.Load()
	}
	return err
}

// changing is for packets that are sent while the settings change.
func (p plan) changing(agent *program) func(number int) (bool, error) {
	changed, in := 0, 0
	return func(number int) (bool, error) {
		switch {
		case number <= p.Count:
			return true, nil
		case changed == 0:
			changed = number
			return true, writeSettings(p.Changed)
		case in == 0 && number-changed > int(patience.Seconds())*p.PerSecond:
			return false, fmt.Errorf("the settings do not change: %s", agent.out.text())
		// Not for each of them: the lines are read anew.
		case in == 0 && number%20 == 0 && agent.count("started") > 1:
			in = number
		}
		return in == 0 || number-in < p.Count, nil
	}
}

// steer moves the capture to standard output, sends packets, and ends it.
func steer(p plan, stream *program, r *report) error {
	if _, err := fmt.Fprintln(stream.input, p.Order); err != nil {
		return err
	}
	if err := until("an answer to the order", func() bool { return len(stream.said.lines()) > 0 }); err != nil {
		return err
	}
	last := r.Sent + p.Steered
	if _, err := sendUDP(r.Sent+1, p.PerSecond, func(number int) (bool, error) { return number <= last, nil }, p.UDPPort, p.OtherPort); err != nil {
		return err
	}
	if err := stream.input.Close(); err != nil {
		return err
	}
	var err error
	r.Stream.ExitCode, err = stream.end()
	return err
}

// wait waits for the first of the agent's events of a kind.
func (p *program) wait(event string) error {
	if err := until(event, func() bool { return p.count(event) > 0 }); err != nil {
		return fmt.Errorf("%w: %s%s", err, p.out.text(), p.said.text())
	}
	return nil
}

// count is how many events of a kind there are.
func (p *program) count(event string) int {
	count := 0
	for _, line := range p.out.lines() {
		var one struct {
			Event string `json:"event"`
		}
		if json.Unmarshal([]byte(line), &one) == nil && one.Event == event {
			count++
		}
	}
	return count
}

func until(what string, is func() bool) error {
	for deadline := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("waited for %s", what)
		}
	}
	return nil
}

func get(url string) (string, error) {
	answer, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.Status + "\n" + string(body), err
}

func captureFiles() map[string][]byte {
	files := map[string][]byte{}
	paths, _ := filepath.Glob(image + "/captures/*.pcapng")
	for _, path := range paths {
		if content, err := os.ReadFile(path); err == nil {
			files[strings.TrimPrefix(path, image+"/captures/")] = content
		}
	}
	return files
}
