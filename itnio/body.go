package itnio

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
)

const (
	maxErrorBody = 64 << 10 // bytes that are read of an answer that is an error by its HTTP status
	maxPackings  = 3        // that are undone
	sniffed      = 512      // bytes by which a body is known
	largeBody    = 1 << 20  // bytes; a larger body has to wait for memory
)

// readBody reads a body in full, unpacked, and to its end so that the connection can be used again. ctx is that of the attempt,
// outer that of the call.
func (c *Client) readBody(ctx, outer context.Context, resp *http.Response) (*bytes.Buffer, error) {
	limit := c.maxBytes
	if !isSuccess(resp.StatusCode) {
		limit = min(limit, maxErrorBody)
	}
	tooLarge := fail(ErrTooLarge, "more than %d bytes", limit)
	if resp.ContentLength > limit {
		return nil, tooLarge
	}
	raw := &io.LimitedReader{R: resp.Body, N: limit + 1}
	packed := bufio.NewReaderSize(raw, sniffed)
	plain, err := unpack(packed, limit)
	if err != nil {
		return nil, c.bodyError(outer, err)
	}
	if coding := unknownCodings(resp.Header); coding != "" && !isPlain(plain) {
		return nil, fail(ErrDecode, "answer in the encoding %q, which was not asked for", c.redact(coding))
	}
	buf := c.buffer()
	n, err := c.fill(ctx, buf, plain)
	if err == nil && n <= limit {
		_, err = io.Copy(io.Discard, packed) // what stands behind the packed stream, such as the last chunk
	}
	switch {
	case n > limit, raw.N == 0:
		err = tooLarge
	case err != nil:
		err = c.bodyError(outer, err)
	}
	if err != nil {
		c.release(buf)
		return nil, err
	}
	return buf, nil
}

// fill reads a body into a buffer. Beyond largeBody it waits for its share of what large bodies may take together.
func (c *Client) fill(ctx context.Context, buf *bytes.Buffer, body *bufio.Reader) (int64, error) {
	n, err := buf.ReadFrom(io.LimitReader(body, largeBody))
	if err != nil || n < largeBody {
		return n, err
	}
	if _, err := body.Peek(1); err != nil { // nothing follows
		return n, nil
	}
	if err := c.large.Acquire(ctx, c.maxBytes); err != nil {
		return n, err
	}
	more, err := buf.ReadFrom(body)
	return n + more, err
}

// unpack decompresses gzip, also if it was applied several times. It looks at the body and not at Content-Encoding: some servers
// put the character set there, or name a coding and send plain JSON.
func unpack(r *bufio.Reader, limit int64) (*bufio.Reader, error) {
	for range maxPackings {
		if head, _ := r.Peek(2); !bytes.Equal(head, []byte("\x1f\x8b")) {
			break
		}
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		r = bufio.NewReaderSize(io.LimitReader(z, limit+1), sniffed)
	}
	return r, nil
}

// isPlain reports whether a body is empty or begins as JSON or HTML does.
func isPlain(r *bufio.Reader) bool {
	head, _ := r.Peek(sniffed)
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), jsonBlanks)
	return len(head) == 0 || head[0] == '{' || head[0] == '<'
}

// unknownCodings are the content codings of an answer other than gzip.
func unknownCodings(h http.Header) string {
	var unknown []string
	for coding := range strings.SplitSeq(strings.Join(h.Values("Content-Encoding"), ","), ",") {
		switch coding = strings.TrimSpace(coding); strings.ToLower(coding) {
		case "", "identity", "gzip", "x-gzip":
		default:
			unknown = append(unknown, coding)
		}
	}
	return strings.Join(unknown, ", ")
}

func (c *Client) buffer() *bytes.Buffer {
	if b, ok := c.buffers.Get().(*bytes.Buffer); ok {
		b.Reset()
		return b
	}
	return new(bytes.Buffer)
}

// release hands a body back once nothing points into it. Large ones go to the garbage collector, and their share to others.
func (c *Client) release(b *bytes.Buffer) {
	if b == nil {
		return
	}
	if b.Len() > largeBody {
		c.large.Release(c.maxBytes)
	}
	if b.Cap() <= largeBody {
		c.buffers.Put(b)
	}
}

// bodyError classifies an error while a body is read: an answer that ends too early or cannot be decompressed is a decode error,
// every other one a connection error.
func (c *Client) bodyError(ctx context.Context, err error) error {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return incomplete("answer is cut off")
	case corrupt, errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return incomplete("answer cannot be unpacked")
	}
	return c.transportError(ctx, err)
}
