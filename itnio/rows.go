package itnio

import (
	"bytes"
	"hash/maphash"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

const leastRow = 400 // bytes of a row are rarely fewer

// rows reads the records of an answer, those fields of them that the table fields lists.
type rows struct {
	decoder
	list     []Record
	tooMany  bool
	interned map[string]string // texts that many records share
	scratch  []byte            // of the last text that had escapes

	in               *jsontext.Decoder
	rec              *Record // the record at hand, and its two fields for tags
	tagList, tagText tags
}

// read reads an array of records out of body, which is what in reads from.
func (r *rows) read(in *jsontext.Decoder, body []byte) error {
	r.in, r.list = in, make([]Record, 0, min(1+len(body)/leastRow, maxPageSize))
	if _, err := in.ReadToken(); err != nil {
		return err
	}
	member := r.member // made once: a method value costs an allocation
	for in.PeekKind() != ']' {
		if len(r.list) == maxRows {
			r.tooMany = true
			return errShape
		}
		r.list = append(r.list, Record{})
		r.rec = &r.list[len(r.list)-1]
		if err := r.readRow(body, member); err != nil {
			return err
		}
	}
	_, err := in.ReadToken()
	return err
}

// readRow reads one record. What is no object is a record with a fingerprint only.
func (r *rows) readRow(body []byte, member func([]byte) error) error {
	if r.in.PeekKind() != '{' {
		raw, err := r.in.ReadValue()
		r.rec.Fingerprint = maphash.Bytes(r.seed, raw)
		return err
	}
	start := startOfNext(r.in, body)
	r.tagList, r.tagText = tags{}, tags{}
	if err := members(r.in, member); err != nil {
		return err
	}
	r.rec.Fingerprint = maphash.Bytes(r.seed, body[start:r.in.InputOffset()])
	r.rec.Labels = r.tagText.list
	if r.tagList.told {
		r.rec.Labels = r.tagList.list
	}
	return nil
}

// startOfNext is where the object begins that has been peeked at.
func startOfNext(in *jsontext.Decoder, body []byte) int64 {
	end := in.InputOffset()
	return end + int64(bytes.IndexByte(body[end:], '{'))
}

// member reads one field of a record.
func (r *rows) member(name []byte) error {
	read, used := fields[string(name)]
	if !used {
		return r.in.SkipValue()
	}
	raw, err := r.in.ReadValue()
	if err != nil {
		return err
	}
	if !read(r, raw) {
		r.unreadable(string(name))
	}
	return nil
}

func (r *rows) unreadable(name string) {
	if !slices.Contains(r.rec.Unreadable, name) {
		r.rec.Unreadable = append(r.rec.Unreadable, name)
	}
}
