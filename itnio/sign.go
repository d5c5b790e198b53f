package itnio

import (
	"crypto/md5" // the API's signature is MD5
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// sign is the API's signature: MD5 in hex of key, secret and timestamp, with nothing between them.
func sign(key, secret, timestamp string) string {
	sum := md5.Sum([]byte(key + secret + timestamp))
	return hex.EncodeToString(sum[:])
}

// newSigner gives the function that signs a request at a time of the server's clock. It is a closure so that no way
// of printing a Client can show the secret.
func newSigner(key, secret string) func(http.Header, time.Time) {
	return func(h http.Header, now time.Time) {
		ts := strconv.FormatInt(now.Unix(), 10)
		h.Set("Api-Key", key)
		h.Set("Timestamp", ts)
		h.Set("Sign", sign(key, secret, ts))
	}
}
