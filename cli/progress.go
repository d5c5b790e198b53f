package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"itnio_exporter/history"
)

// progress shows on a terminal how far a long command has come. It ends the command at a signal.
type progress struct {
	out     io.Writer // nil: no terminal
	signals <-chan os.Signal
	plain   io.Writer // takes lines where there is no terminal
	shown   int64     // megabytes, or lines
}

func newProgress(e Environment) *progress {
	p := &progress{signals: e.Signals(stopSignals()...), plain: e.Stderr}
	if f, ok := e.Stderr.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.out = f
		}
	}
	return p
}

// written is told how many bytes have been written, of total ones; 0 or less: it is not known how many.
func (p *progress) written(total int64) func(int64) error {
	const megabyte = 1e6
	return func(n int64) error {
		select {
		case s := <-p.signals:
			return fmt.Errorf("stopped by a signal (%s)", s)
		default:
		}
		if p.out == nil || n/megabyte == p.shown {
			return nil
		}
		p.shown = n / megabyte
		if total > 0 {
			fmt.Fprintf(p.out, "\r%d of %d MB", p.shown, total/megabyte)
		} else {
			fmt.Fprintf(p.out, "\r%d MB", p.shown)
		}
		return nil
	}
}

func (p *progress) terminal() bool { return p.out != nil }

// line shows a line, in place of the one before on a terminal.
func (p *progress) line(text string) {
	p.shown++
	if p.out == nil {
		fmt.Fprintln(p.plain, text)
		return
	}
	fmt.Fprintf(p.out, "\r%s\x1b[K", text)
}

// end leaves the line to what is printed next.
func (p *progress) end() {
	if p.out != nil && p.shown > 0 {
		p.shown = 0
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// pastEvery is how often a line tells how far the past has been read, where there is no terminal.
const pastEvery = 30 * time.Second

// past shows how far the past of an account has been read: on a terminal in place, else on a line of its own now and then.
func (p *progress) past(account string, now func() time.Time) func(history.Progress) {
	last := now()
	return func(h history.Progress) {
		line := fmt.Sprintf("account %s: read up to %s, %d requests, %d records", account, h.At.UTC().Format("2006-01-02 15:04:05 UTC"), h.Requests, h.Records)
		if at := now(); p.terminal() || at.Sub(last) >= pastEvery {
			last = at
			p.line(line)
		}
	}
}
