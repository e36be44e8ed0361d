package agent

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"packet-capture/agent/internal/keepserver"
	"packet-capture/agent/internal/loop"
)

// portRetry is the time until a port that is in use is tried again.
const portRetry = 30 * time.Second

// keepPort is the setting keep-port: a server on loopback. An error there does not affect the capture.
type keepPort struct {
	agent  *Agent
	port   uint16
	server *keepserver.HTTP
	retry  *loop.Timer
}

// set ends the server, and begins one on another port; 0 is none.
func (p *keepPort) set(port uint16) {
	if port == p.port {
		return
	}
	p.port = port
	p.retry.Stop()
	if p.server != nil {
		p.server.Close()
		p.server = nil
	}
	if port != 0 {
		p.serve()
	}
}

func (p *keepPort) serve() {
	listeners, err := keepserver.Listen(p.port)
	if err != nil {
		reason := err.Error()
		if errors.Is(err, syscall.EADDRINUSE) {
			reason = fmt.Sprintf("port %d is in use", p.port)
		}
		p.agent.emitError("keep-port: "+reason, portRetry)
		p.retry = p.agent.loop.After(portRetry, p.serve)
		return
	}
	p.server = keepserver.NewHTTP(p.agent.keeper.Ask)
	p.server.Serve(listeners)
}
