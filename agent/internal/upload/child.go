package upload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"packet-capture/agent/internal/rclonejob"
)

// childEnvironment limits the memory and the threads of rclone's process (GOMEMLIMIT and so on are read by Go's
// runtime), and names a home folder, which rclone looks for. The process gets no other variable of the agent's.
var childEnvironment = []string{"GOMEMLIMIT=32MiB", "GOGC=25", "GOMAXPROCS=1", "HOME=/"}

// maxSaid is how many bytes of the process's error output are kept.
const maxSaid = 4096

// child is rclone's process; it runs while there are files to upload.
type child struct {
	command *exec.Cmd
	input   io.WriteCloser
	encoder *json.Encoder
	decoder *json.Decoder
	said    *tail
}

// startChild starts the program; it is killed when the context ends.
func startChild(ctx context.Context, program string, setup rclonejob.Setup) (*child, error) {
	c := &child{command: exec.CommandContext(ctx, program), said: &tail{}}
	c.command.Env = childEnvironment
	c.command.Dir = "/"
	c.command.Stderr = c.said
	c.command.WaitDelay = time.Second
	c.command.SysProcAttr = &syscall.SysProcAttr{AmbientCaps: nil}
	var err error
	if c.input, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.command.Start(); errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("this image has no rclone: use the image without -slim")
	} else if err != nil {
		return nil, fmt.Errorf("rclone cannot be started: %w", err)
	}
	c.encoder, c.decoder = json.NewEncoder(c.input), json.NewDecoder(output)
	return c, c.failure(c.encoder.Encode(setup))
}

// upload uploads one file.
func (c *child) upload(file rclonejob.File) (rclonejob.Result, error) {
	var result rclonejob.Result
	if err := c.failure(c.encoder.Encode(file)); err != nil {
		return result, err
	}
	if err := c.failure(c.decoder.Decode(&result)); err != nil {
		return result, err
	}
	if result.Name != file.Name {
		return result, errors.New("rclone has answered for another file")
	}
	return result, nil
}

// failure turns an error of the pipe to the process into the reason why the process has ended.
func (c *child) failure(err error) error {
	if err == nil {
		return nil
	}
	ended := c.end()
	if said := c.said.String(); said != "" {
		return errors.New(said)
	}
	if ended != nil {
		return fmt.Errorf("rclone: %w", ended)
	}
	return fmt.Errorf("rclone: %w", err)
}

// end ends the process and waits for it.
func (c *child) end() error {
	_ = c.input.Close()
	return c.command.Wait()
}

// tail keeps the last bytes that are written to it. It does not embed a bytes.Buffer, whose ReadFrom io.Copy would call
// instead of Write.
type tail struct{ kept []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - maxSaid; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	return strings.TrimSpace(string(t.kept))
}
