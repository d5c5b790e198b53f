package process

import (
	"context"
	"io"
	"maps"
	"net/http"
	"time"
)

// Request makes one request over a connection of its own, which it closes: an idle one would look like a leak.
func Request(ctx context.Context, method, url string, header http.Header) (status int, body string, err error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	req, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	maps.Copy(req.Header, header)
	answer, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(b), err
}
