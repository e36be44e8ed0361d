package main

import (
	"context"
	"time"

	"github.com/rclone/rclone/fs"
	"github.com/rclone/rclone/fs/config"

	"packet-capture/agent/internal/rclonejob"
)

// defaults are values of options that rclone.conf does not give, for each type of remote: the process is to be small,
// so it sends one file at a time and keeps no more than 5 MiB of it; it makes no bucket; and it asks for an object in
// its own way (verify).
var defaults = map[string]map[string]string{
	"s3":        {"upload_concurrency": "1", "chunk_size": "5Mi", "no_check_bucket": "true", "no_head": "true"},
	"azureblob": {"upload_concurrency": "1", "no_check_container": "true"},
	"b2":        {"chunk_size": "5Mi", "upload_concurrency": "1"},
}

// proxied are types of remotes that do not use HTTP and have an option of their own for a proxy.
var proxied = map[string]bool{"sftp": true, "ftp": true}

// configure gives rclone its configuration, in memory: there is no file.
func configure(ctx context.Context, setup rclonejob.Setup) {
	ci := fs.GetConfig(ctx)
	ci.LogLevel = fs.LogLevelError
	ci.AskPassword = false
	ci.LowLevelRetries = 2
	ci.Transfers, ci.Checkers, ci.BufferSize = 1, 1, 0
	ci.ConnectTimeout, ci.Timeout = fs.Duration(10*time.Second), fs.Duration(time.Minute)
	ci.HTTPProxy = setup.Proxy
	ci.CaCert = setup.CA
	storage := config.LoadedData()
	for remote, values := range setup.Config {
		kind := values["type"]
		for key, value := range defaults[kind] {
			storage.SetValue(remote, key, value)
		}
		for key, value := range values {
			storage.SetValue(remote, key, value)
		}
		if proxied[kind] {
			storage.SetValue(remote, "http_proxy", setup.Proxy)
		}
	}
}
