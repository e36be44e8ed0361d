package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// receivers take what is sent to UDP ports of loopback.
type receivers map[int]*atomic.Int64

func receive(ports ...int) (receivers, error) {
	all := receivers{}
	for _, port := range ports {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			return nil, err
		}
		count := &atomic.Int64{}
		all[port] = count
		go func() {
			for buffer := make([]byte, 2048); ; count.Add(1) {
				if _, err := conn.Read(buffer); err != nil {
					return
				}
			}
		}()
	}
	return all, nil
}

// sendUDP sends numbered packets to each port in turn, from `first` on, until `more` says that there is no other. Each
// begins with its number in four bytes. It returns the last number.
func sendUDP(first, perSecond int, more func(number int) (bool, error), ports ...int) (int, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	begin := time.Now()
	payload := make([]byte, 100)
	for number := first; ; number++ {
		if goOn, err := more(number); err != nil || !goOn {
			return number - 1, err
		}
		binary.BigEndian.PutUint32(payload, uint32(number))
		for _, port := range ports {
			if _, err := conn.WriteToUDP(payload, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}); err != nil {
				return 0, err
			}
		}
		time.Sleep(time.Until(begin.Add(time.Duration(number-first+1) * time.Second / time.Duration(perSecond))))
	}
}

// exchangeTCP sends numbered messages of eight bytes over a connection. The other end returns each before the next one.
func exchangeTCP(port, count int) error {
	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn})
	}()
	conn, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		return err
	}
	defer conn.Close()
	answer := make([]byte, 8)
	for number := 1; number <= count; number++ {
		if _, err := fmt.Fprintf(conn, "%08d", number); err != nil {
			return err
		}
		if _, err := io.ReadFull(conn, answer); err != nil {
			return err
		}
		if want := fmt.Sprintf("%08d", number); string(answer) != want {
			return fmt.Errorf("%q came back for %q", answer, want)
		}
	}
	return nil
}
