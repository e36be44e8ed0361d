// Command rclone uploads capture files with rclone's packages; only the needed backends are built in.
//
// The capture agent starts it when there is something to upload, and ends it by closing its standard input; package
// rclonejob defines its input and output. It has no capabilities, cannot run a program or change a file, and can
// connect only to the agent's proxy.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strconv"

	"github.com/rclone/rclone/fs"

	// The backends: their types are builtIn in agent/internal/upload/config.go too, which refuses all others.
	_ "github.com/rclone/rclone/backend/alias"
	_ "github.com/rclone/rclone/backend/azureblob"
	_ "github.com/rclone/rclone/backend/b2"
	_ "github.com/rclone/rclone/backend/crypt"
	_ "github.com/rclone/rclone/backend/ftp"
	_ "github.com/rclone/rclone/backend/googlecloudstorage"
	_ "github.com/rclone/rclone/backend/s3"
	_ "github.com/rclone/rclone/backend/sftp"
	_ "github.com/rclone/rclone/backend/swift"
	_ "github.com/rclone/rclone/backend/webdav"

	"packet-capture/agent/internal/rclonejob"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println("rclone", fs.Version)
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if err := lockDown(); err != nil {
		return err
	}
	input := json.NewDecoder(bufio.NewReader(os.Stdin))
	output := json.NewEncoder(os.Stdout)
	var setup rclonejob.Setup
	if err := input.Decode(&setup); err != nil {
		return fmt.Errorf("setup: %w", err)
	}
	if err := onlyBy(setup.Proxy); err != nil {
		return err
	}
	ctx := context.Background()
	configure(ctx, setup)
	files := make(chan rclonejob.File)
	go read(input, files)
	far, err := open(ctx, setup.Remote)
	for file := range files {
		result := rclonejob.Result{Name: file.Name}
		if err != nil {
			result.Error = err.Error()
		} else {
			far.upload(ctx, file, &result)
		}
		if err := output.Encode(result); err != nil {
			return err
		}
	}
	return nil
}

// onlyBy allows connections only to the proxy, and only to read files.
func onlyBy(proxy string) error {
	parsed, err := url.Parse(proxy)
	if err != nil {
		return err
	}
	port, err := strconv.ParseUint(parsed.Port(), 10, 16)
	if err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	if err := confine(port); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	return nil
}

// read hands over the files. The process ends when the input ends, also in the middle of an upload: the agent no longer
// waits for it.
func read(input *json.Decoder, files chan<- rclonejob.File) {
	for {
		var file rclonejob.File
		if err := input.Decode(&file); err != nil {
			os.Exit(0)
		}
		files <- file
	}
}
