// Package account reads one account of the API: a poller says when, a tracker what, a reader makes the requests and brings
// their records into the ledger.
package account

import (
	"context"
	"time"

	"github.com/go-kit/log"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// API is what is needed of the client.
type API interface {
	Records(context.Context, itnio.Query) (itnio.Page, error)
	// ServerNow is the server's present time by the Date of its last answer of any kind, and the local one before.
	ServerNow() time.Time
	// TimeFormat is the one in which the server was found to read windows; "": not yet, or the settings say it.
	TimeFormat() string
	// TryFirst begins with a time format that the server once read.
	TryFirst(format string)
}

// Options of a Poller. All but Observe are needed.
type Options struct {
	Config  config.Account
	Global  config.Global
	API     API
	Ledger  *ledger.Ledger
	Account *ledger.Account // the account's part of Ledger
	Calls   *call.Normalizer
	Metrics Metrics
	Logger  log.Logger
	Now     func() time.Time // the local clock
	// Steady is the time since a fixed moment. Setting the local clock does not disturb it.
	Steady func() time.Duration
	// Observe is told what became of each record. Simulations measure by it.
	Observe func(*call.Call, ledger.Result)
}
