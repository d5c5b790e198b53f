package account

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/itnio"
)

func TestState(t *testing.T) {
	up, down := true, false
	epoch := time.Unix(1736000000, 0)
	for _, tt := range []struct {
		s    Summary
		want State
	}{
		{Summary{}, StateStarting},
		{Summary{InitialDone: true, Epoch: epoch}, StateStarting}, // after a restart
		{Summary{Epoch: epoch}, StateFirstFill},
		{Summary{Epoch: epoch, Status: Status{Up: &up, CatchUp: time.Hour}}, StateFirstFill},
		{Summary{Epoch: epoch, InitialDone: true, Status: Status{Up: &up, CatchUp: time.Hour, Auditing: true}}, StateCatchingUp},
		{Summary{Epoch: epoch, InitialDone: true, Status: Status{Up: &up, Auditing: true}}, StateAudit},
		{Summary{Epoch: epoch, InitialDone: true, Status: Status{Up: &up}}, StateInStep},
		{Summary{InitialDone: true, Status: Status{Up: &up}}, StateStarting}, // its epoch moves to the next good answer
		{Summary{Status: Status{Up: &down, Trouble: TroubleTimeout}}, StateFailing},
		{Summary{Epoch: epoch, InitialDone: true, Status: Status{Up: &down, Trouble: TroubleLedger, CatchUp: time.Hour}}, StateFailing},
		{Summary{Status: Status{Up: &down, Trouble: TroubleClock}}, StateHeld},
		{Summary{Epoch: epoch, Status: Status{Up: &down, Trouble: TroubleOffset}}, StateHeld},
	} {
		require.Equal(t, tt.want, tt.s.State(), "%+v", tt.s)
		require.Contains(t, States(), tt.want)
	}
}

func TestTroubles(t *testing.T) {
	for want, errs := range map[Trouble][]error{
		TroubleAuthentication: {&itnio.StatusError{Code: -1}, &itnio.StatusError{Code: -2}, &itnio.HTTPError{StatusCode: 401}},
		TroubleThrottled:      {&itnio.StatusError{Code: -15}, &itnio.HTTPError{StatusCode: 429}, &itnio.HTTPError{StatusCode: 503, RetryAfter: time.Second}},
		TroubleTimestamp:      {&itnio.StatusError{Code: -16}},
		TroubleWindow:         {&itnio.StatusError{Code: -23}, &itnio.StatusError{Code: -76}},
		TroubleQuestion:       {&itnio.StatusError{Code: -22}, &itnio.HTTPError{StatusCode: 400}},
		TroubleTimeout:        {fmt.Errorf("x: %w", itnio.ErrTimeout)},
		TroubleConnection:     {itnio.ErrConnection},
		TroubleAnswer:         {itnio.ErrDecode, itnio.ErrTooLarge, &itnio.HTTPError{StatusCode: 403, Page: "an HTML page"}, &itnio.HTTPError{StatusCode: 302, Location: "https://login.example"}},
		TroubleServer:         {&itnio.StatusError{Code: -18}, &itnio.HTTPError{StatusCode: 502}},
		TroubleOffset:         {fmt.Errorf("x: %w", errOffset)},
		TroubleClock:          {fmt.Errorf("%w: dated", errUnconfirmed)},
		TroubleLedger:         {ledgerError{errors.New("no space left on device")}, fmt.Errorf("x: %w", ledgerError{itnio.ErrTimeout})},
		TroubleUnknown:        {errors.New("x"), &itnio.StatusError{Code: -999}, &itnio.HTTPError{StatusCode: 418}},
	} {
		require.Contains(t, Troubles(), want)
		for _, err := range errs {
			f := failureOf(err)
			require.Equal(t, want, f.trouble, "%v", err)
			require.NotEmpty(t, f.text)
		}
	}
	require.Equal(t, failure{}, failureOf(nil))
}
