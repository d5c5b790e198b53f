package itnio

import (
	"bytes"
	"errors"
	"hash/maphash"
	"io"
	"math"
	"regexp"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// maxRows bounds the rows of one answer: a page has 100 at most, and a hostile answer must not fill the memory.
const maxRows = 10_000

// byteOrderMark may stand before the JSON.
const byteOrderMark = "\xef\xbb\xbf"

// decoder reads answers. It is tolerant of everything but broken JSON and a broken envelope: a row that makes no sense
// is still a row.
type decoder struct {
	loc  *time.Location // of times that name no zone
	seed maphash.Seed   // of fingerprints
}

func newDecoder(loc *time.Location) decoder {
	return decoder{loc: loc, seed: maphash.MakeSeed()}
}

// errShape says that the answer is not JSON of the expected structure. It is not visible outside this package.
const errShape = ErrDecode

// answer is the envelope. The page means something only if status is 0.
type answer struct {
	status int
	reason string
	page   Page
}

// decode reads an answer. Its errors are of kind ErrDecode or ErrTooLarge and do not quote it. Nothing of the result
// points into body.
func (d decoder) decode(body []byte) (answer, error) {
	body = bytes.TrimPrefix(body, []byte(byteOrderMark))
	if len(bytes.TrimSpace(body)) == 0 {
		return answer{}, incomplete("answer is empty")
	}
	p, err := d.parse(body)
	switch {
	case p.rows.tooMany:
		return answer{}, fail(ErrTooLarge, "more than %d rows", maxRows)
	case err != nil && isText(body):
		return answer{}, fail(ErrDecode, "%s", pageMeans(pageText))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return answer{}, incomplete("answer breaks off at byte %d", len(body))
	case err != nil:
		return answer{}, fail(ErrDecode, "answer is no JSON object, or breaks off, at byte %d of %d", p.in.InputOffset(), len(body))
	case !p.status.Set:
		return answer{}, fail(ErrDecode, "answer has no status")
	case p.status.V != 0:
	case p.badRecords:
		return answer{}, fail(ErrDecode, "records are not a list")
	case p.hasData && !p.hasPage: // no data at all is how some servers say that a page is empty
		return answer{}, fail(ErrDecode, "answer has no data")
	}
	return answer{
		status: int(max(min(p.status.V, math.MaxInt32), math.MinInt32)),
		reason: p.reason,
		page:   Page{Total: count(p.total, -1), Size: count(p.size, 0), Current: count(p.current, 0), Records: p.rows.list, Repaired: p.repaired, Damage: p.damage},
	}, nil
}

// parse parses an answer strictly; if that fails, it repairs the answer and parses it once more.
func (d decoder) parse(body []byte) (*parser, error) {
	p := newParser(d, body)
	err := p.envelope()
	if err == nil || p.rows.tooMany {
		return p, err
	}
	fixed, ok := d.repair(body)
	if !ok {
		return p, err
	}
	again := newParser(d, fixed.body)
	if again.envelope() != nil {
		return p, err
	}
	again.rows.note(fixed.damaged)
	again.repaired = true
	for at := range fixed.damaged {
		if at < len(again.rows.list) {
			again.damage = append(again.damage, again.rows.list[at].Fingerprint)
		}
	}
	return again, nil
}

// Kinds of pages that are sent in the place of an answer.
const (
	pageHTML = "an HTML page"
	pageXML  = "an XML page"
	pageText = "plain text"
)

// isText reports whether a body begins with a word that JSON does not know.
func isText(body []byte) bool {
	word := regexp.MustCompile(`^\s*(\p{L}+)`).FindSubmatch(body[:min(len(body), sniffed)])
	return word != nil && !slices.Contains([]string{"null", "true", "false"}, string(word[1]))
}

// pageKind is the kind of page that a body is; "" if it does not begin as one. What begins with < and not with an
// element of HTML is XML.
func pageKind(body []byte) string {
	head := bytes.TrimLeft(bytes.TrimPrefix(body, []byte(byteOrderMark)), jsonBlanks)
	if !bytes.HasPrefix(head, []byte("<")) {
		return ""
	}
	html := regexp.MustCompile(`(?is)^(?:\s|<\?.*?\?>|<!--.*?-->)*<(?:!doctype\s+html|html|head|body|title|script|noscript|meta|link|style|h\d|p|a|b|pre|div|center|table|br|form|iframe)\b`)
	if html.Match(head[:min(len(head), maxErrorBody)]) {
		return pageHTML
	}
	return pageXML
}

// count narrows a number that counts something; missing is what stands for one that is missing or makes no sense.
func count(i Int, missing int) int {
	if !i.Set || i.V < 0 || i.V > math.MaxInt32 {
		return missing
	}
	return int(i.V)
}

// parser walks one answer.
type parser struct {
	in       *jsontext.Decoder
	body     []byte
	rows     rows
	repaired bool     // as in Page
	damage   []uint64 // as in Page

	status               Int
	reason               string
	total, size, current Int
	hasPage              bool // there was a total, or a list of records
	hasData              bool // data was there, and not null
	badRecords           bool
}

func newParser(d decoder, body []byte) *parser {
	return &parser{in: newInput(body), body: body, rows: rows{decoder: d, interned: map[string]string{}}}
}

func (p *parser) envelope() error {
	if err := members(p.in, p.envelopeMember); err != nil {
		return err
	}
	if _, err := p.in.ReadToken(); !errors.Is(err, io.EOF) {
		return errShape // something follows
	}
	return nil
}

func (p *parser) envelopeMember(name []byte) error {
	switch string(name) {
	case "status":
		raw, err := p.in.ReadValue()
		p.status, _ = parseInt(p.rows.text(raw))
		return err
	case "reason":
		raw, err := p.in.ReadValue()
		p.reason = string(p.rows.text(raw).b)
		return err
	case "data":
		kind := p.in.PeekKind()
		p.hasData = kind != 'n'
		switch kind {
		case '{':
			return members(p.in, p.pageMember)
		case '[':
			return p.dataArray()
		}
		return p.in.SkipValue()
	}
	return p.pageMember(name)
}

// pageMember reads a member of the page. The vendor's table lists them beside status and data, so they are
// understood there, too.
func (p *parser) pageMember(name []byte) error {
	var to *Int
	switch string(name) {
	case "total":
		to = &p.total
	case "size":
		to = &p.size
	case "current":
		to = &p.current
	case "records":
		switch p.in.PeekKind() {
		case '[':
			p.hasPage = true
			return p.rows.read(p.in, p.body)
		case 'n':
		default:
			p.badRecords = true
		}
		return p.in.SkipValue()
	default:
		return p.in.SkipValue()
	}
	raw, err := p.in.ReadValue()
	if v, ok := parseInt(p.rows.text(raw)); ok && v.Set {
		*to = v
	}
	p.hasPage = p.hasPage || p.total.Set
	return err
}

// dataArray reads data where it is an array, as the vendor's table has it: of the page object, or of the records.
func (p *parser) dataArray() error {
	raw, err := p.in.ReadValue()
	if err != nil {
		return err
	}
	in, body := p.in, p.body
	defer func() { p.in, p.body = in, body }()
	p.in, p.body = newInput(raw), raw
	if !containsPage(raw) {
		p.hasPage = true
		return p.rows.read(p.in, p.body)
	}
	if _, err := p.in.ReadToken(); err != nil {
		return err
	}
	return members(p.in, p.pageMember)
}

// containsPage reports whether the first element of an array is a page object rather than a record.
func containsPage(array []byte) bool {
	in := newInput(array)
	if _, err := in.ReadToken(); err != nil || in.PeekKind() != '{' {
		return false
	}
	page := false
	err := members(in, func(name []byte) error {
		page = page || string(name) == "records" || string(name) == "total"
		return in.SkipValue()
	})
	return err == nil && page
}

func newInput(body []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
}

// members reads an object, handing each member's name to read, which has to consume the value. The name is only good
// until then.
func members(in *jsontext.Decoder, read func(name []byte) error) error {
	if in.PeekKind() != '{' {
		return errShape
	}
	if _, err := in.ReadToken(); err != nil {
		return err
	}
	for {
		switch in.PeekKind() {
		case '}':
			_, err := in.ReadToken()
			return err
		case '"':
		default:
			_, err := in.ReadToken() // tells what is wrong
			if err == nil {
				err = errShape
			}
			return err
		}
		name, err := in.ReadValue()
		if err != nil {
			return err
		}
		if bytes.IndexByte(name, '\\') < 0 {
			name = name[1 : len(name)-1]
		} else if name, err = jsontext.AppendUnquote([]byte(nil), name); err != nil {
			name = nil // invalid UTF-8: no name we know
		}
		if err := read(name); err != nil {
			return err
		}
	}
}
