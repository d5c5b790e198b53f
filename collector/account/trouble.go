package account

import (
	"errors"
	"net/http"

	"itnio_exporter/itnio"
)

// Trouble is the kind of a failure: what an operator has to do follows from it.
type Trouble string

// The kinds of failures; the empty value is none.
const (
	TroubleAuthentication Trouble = "authentication" // the key, the secret or this machine's address is refused
	TroubleThrottled      Trouble = "throttled"      // too many requests
	TroubleTimestamp      Trouble = "timestamp"      // the requests' timestamp is out of date
	TroubleWindow         Trouble = "window"         // a window has too many records even at its smallest
	TroubleQuestion       Trouble = "question"       // the request is refused
	TroubleTimeout        Trouble = "timeout"        // no answer in time
	TroubleConnection     Trouble = "connection"     // no connection
	TroubleAddress        Trouble = "address"        // base_url, its path above all, leads to nothing
	TroubleAnswer         Trouble = "answer"         // an answer that is not the API's
	TroubleCutOff         Trouble = "cut_off"        // an answer that did not come whole
	TroubleServer         Trouble = "server"         // the platform failed
	TroubleOffset         Trouble = "offset"         // utc_offset is wrong
	TroubleClock          Trouble = "clock"          // the server's time is not known for sure
	TroubleLedger         Trouble = "ledger"         // the ledger's file cannot be used
	TroubleUnknown        Trouble = "unknown"        // everything else
)

// Troubles lists every kind.
func Troubles() []Trouble {
	return []Trouble{
		TroubleAuthentication, TroubleThrottled, TroubleTimestamp, TroubleWindow, TroubleQuestion, TroubleTimeout, TroubleConnection,
		TroubleAddress, TroubleAnswer, TroubleCutOff, TroubleServer, TroubleOffset, TroubleClock, TroubleLedger, TroubleUnknown,
	}
}

// troubleOfClass has the classes of which each is one kind of trouble.
var troubleOfClass = map[itnio.Class]Trouble{
	itnio.ClassAuthentication: TroubleAuthentication,
	itnio.ClassThrottled:      TroubleThrottled,
	itnio.ClassClock:          TroubleTimestamp,
	itnio.ClassWindow:         TroubleWindow,
	itnio.ClassQuestion:       TroubleQuestion,
}

// failure is why a pass failed; the zero value: it did not.
type failure struct {
	text    string // what an operator reads
	trouble Trouble
}

func failureOf(err error) failure {
	switch {
	case err == nil:
		return failure{}
	case errors.Is(err, errOffset):
		return failure{errOffset.Error() + ": nothing is counted until utc_offset is right", TroubleOffset}
	}
	return failure{err.Error(), troubleOf(err)}
}

func troubleOf(err error) Trouble {
	if _, ok := errors.AsType[ledgerError](err); ok {
		return TroubleLedger
	}
	if errors.Is(err, errUnconfirmed) {
		return TroubleClock
	}
	if e, ok := errors.AsType[*itnio.HTTPError](err); ok && e.Business == nil {
		switch {
		case e.StatusCode == http.StatusNotFound:
			return TroubleAddress // its page may be that of the right server
		case e.Page != "", e.StatusCode/100 == 3:
			return TroubleAnswer // a proxy, a firewall or a redirect
		}
	}
	if trouble, ok := troubleOfClass[itnio.ClassOf(err)]; ok {
		return trouble
	}
	switch {
	case errors.Is(err, itnio.ErrTimeout):
		return TroubleTimeout
	case errors.Is(err, itnio.ErrConnection):
		return TroubleConnection
	case itnio.Incomplete(err):
		return TroubleCutOff
	case errors.Is(err, itnio.ErrDecode), errors.Is(err, itnio.ErrTooLarge):
		return TroubleAnswer
	case itnio.ClassOf(err) == itnio.ClassTransient:
		return TroubleServer
	}
	return TroubleUnknown
}

// ledgerError is an error of the ledger.
type ledgerError struct{ error }

func (e ledgerError) Unwrap() error { return e.error }
