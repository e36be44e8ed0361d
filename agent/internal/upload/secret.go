package upload

import (
	"crypto/x509"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// systemCA is the path of the public certificate authorities in the image.
const systemCA = "/etc/ssl/certs/ca-certificates.crt"

// secret is the content of the Secret packet-capture-upload.
type secret struct {
	config Config
	// ca are files of certificates; empty if those of the system are enough.
	ca []string
	up *upstream
	// hidden are further texts that must not be shown.
	hidden []string
}

// readSecret reads the Secret; it is read again for each batch, because the kubelet may have updated it. proxy and
// noProxy are used when the Secret has no proxy.
func readSecret(folder, proxy, noProxy string) (secret, error) {
	var s secret
	text, err := os.ReadFile(filepath.Join(folder, "rclone.conf"))
	if err != nil || strings.TrimSpace(string(text)) == "" {
		return s, errors.New("the Secret packet-capture-upload is not there, or has no rclone.conf")
	}
	if s.config, err = ParseConfig(string(text)); err != nil {
		return s, err
	}
	if err := s.config.Check(); err != nil {
		return s, err
	}
	roots, err := s.readCA(filepath.Join(folder, "ca.crt"))
	if err != nil {
		return s, err
	}
	if own := readText(filepath.Join(folder, "proxy")); own != "" {
		proxy, noProxy = own, readText(filepath.Join(folder, "no-proxy"))
	}
	if parsed, err := url.Parse(proxy); err == nil && parsed.User != nil {
		password, _ := parsed.User.Password()
		s.hidden = append(s.hidden, parsed.User.Username(), password)
	}
	s.up, err = newUpstream(proxy, noProxy, roots)
	return s, err
}

// readCA reads the certificates of the user's own authority, which are trusted in addition to those of the system.
func (s *secret) readCA(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New("ca.crt of the Secret packet-capture-upload holds no certificate in PEM")
	}
	if _, err := os.Stat(systemCA); err == nil {
		s.ca = append(s.ca, systemCA)
	}
	s.ca = append(s.ca, path)
	return roots, nil
}

func readText(path string) string {
	text, _ := os.ReadFile(path)
	return strings.TrimSpace(string(text))
}
