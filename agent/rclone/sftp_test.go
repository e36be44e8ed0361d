//go:build !cgo

package main

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pkg/sftp"
	"github.com/rclone/rclone/fs/config/obscure"
	"golang.org/x/crypto/ssh"

	"packet-capture/agent/internal/rclonejob"
)

// sftpServer serves a folder's files by SFTP.
func sftpServer(t *testing.T, folder string) net.Listener {
	t.Helper()
	_, key, _ := ed25519.GenerateKey(rand.Reader)
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		if string(password) != "hunter22" {
			return nil, fmt.Errorf("wrong")
		}
		return nil, nil
	}}
	config.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	serve := func(conn net.Conn) {
		_, channels, requests, err := ssh.NewServerConn(conn, config)
		if err != nil {
			return
		}
		go ssh.DiscardRequests(requests)
		for fresh := range channels {
			channel, requests, err := fresh.Accept()
			if err != nil {
				return
			}
			go func() {
				for request := range requests {
					isSFTP := request.Type == "subsystem"
					_ = request.Reply(isSFTP, nil)
					if isSFTP {
						server, err := sftp.NewServer(channel, sftp.WithServerWorkingDirectory(folder))
						if err == nil {
							go func() { _ = server.Serve() }()
						}
					}
				}
			}()
		}
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return l
}

// connectProxy is a proxy for CONNECT, and how often it was asked.
func connectProxy(t *testing.T) (url string, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				reader := bufio.NewReader(near)
				request, err := http.ReadRequest(reader)
				if err != nil || request.Method != http.MethodConnect || request.Header.Get("Proxy-Authorization") == "" {
					_ = near.Close()
					return
				}
				asked.Add(1)
				far, err := net.Dial("tcp", request.Host)
				if err != nil {
					_ = near.Close()
					return
				}
				_, _ = near.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
				go func() { _, _ = io.Copy(far, reader) }()
				_, _ = io.Copy(near, far)
			}()
		}
	}()
	return "http://agent:secret@" + l.Addr().String(), asked
}

func TestSFTPGoesThroughTheProxy(t *testing.T) {
	folder := t.TempDir()
	host, port, _ := net.SplitHostPort(sftpServer(t, folder).Addr().String())
	proxy, asked := connectProxy(t)
	ctx := context.Background()
	configure(ctx, rclonejob.Setup{Proxy: proxy, Config: map[string]map[string]string{
		"far": {"type": "sftp", "host": host, "port": port, "user": "me", "pass": obscure.MustObscure("hunter22")},
	}})
	f, err := open(ctx, "far:"+folder+"/prod/shop/web/web-1")
	if err != nil {
		t.Fatal(err)
	}
	capture := filepath.Join(t.TempDir(), "capture")
	content := strings.Repeat("x", 100_000)
	if err := os.WriteFile(capture, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	var result rclonejob.Result
	f.upload(ctx, rclonejob.File{Path: capture, Name: "n", Note: "{}"}, &result)
	there, _ := os.ReadFile(filepath.Join(folder, "prod/shop/web/web-1/n.pcapng"))
	if result.Error != "" || result.Unverified != "" || string(there) != content || asked.Load() == 0 {
		t.Errorf("%+v, %d bytes, proxy asked %d times", result, len(there), asked.Load())
	}
	result = rclonejob.Result{}
	f.upload(ctx, rclonejob.File{Path: capture + "-gone", Name: "m", Note: "{}"}, &result)
	if !result.Gone {
		t.Errorf("%+v", result)
	}
}
