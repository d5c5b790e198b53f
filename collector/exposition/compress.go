package exposition

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

const (
	gzipLevel = 3 // a quarter larger than at the default level, in half the time

	// gzipHeader: deflate, no name, no time, unknown system.
	gzipHeader = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

	// liveWindow is enough for the exporter's own metrics and saves the memory of the default one.
	liveWindow = 1 << 17
)

// deflated is the beginning of a gzip member: its deflate blocks up to a byte boundary, without a final one, and the
// running check sum.
//
// Whole members could simply stand after one another, but curl (7.88) ends at the first with a write error. So the live
// part is compressed on its own and becomes the end of the same member: deflate blocks know nothing of each other as
// long as none refers back.
type deflated struct {
	blocks []byte
	crc    uint32
	size   uint32 // modulo 2^32, as gzip has it
}

func deflate(chunks [][]byte) deflated {
	var (
		d deflated
		b bytes.Buffer
	)
	w, _ := flate.NewWriter(&b, gzipLevel) // fails only on an unknown level
	for _, chunk := range chunks {
		_, _ = w.Write(chunk) // nor does a write into memory
		d.crc = crc32.Update(d.crc, crc32.IEEETable, chunk)
		d.size += uint32(len(chunk))
	}
	_ = w.Flush()
	d.blocks = bytes.Clone(b.Bytes())
	return d
}

// end returns what stands after the blocks: the last chunk, compressed by w, and the trailer.
func (d deflated) end(w *flate.Writer, last []byte) []byte {
	var b bytes.Buffer
	w.Reset(&b)
	_, _ = w.Write(last)
	_ = w.Close()
	trailer := binary.LittleEndian.AppendUint32(nil, crc32.Update(d.crc, crc32.IEEETable, last))
	trailer = binary.LittleEndian.AppendUint32(trailer, d.size+uint32(len(last)))
	return append(b.Bytes(), trailer...)
}

// zstdFrame compresses the chunks into one frame; frames may stand after one another.
func zstdFrame(chunks [][]byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	for _, chunk := range chunks {
		if _, err := w.Write(chunk); err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return bytes.Clone(b.Bytes()), nil
}
