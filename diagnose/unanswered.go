package diagnose

import (
	"errors"

	"itnio_exporter/itnio"
)

// unanswered is the finding of a check whose probe did not come so far. The failures are those of the probes that it needs, in the order
// in which they ran. A check that a failure prevented is doubtful: an account is not in order because nobody could look.
func unanswered(failures ...error) Finding {
	const seen = "could not be found out"
	for _, err := range failures {
		switch {
		case err == nil:
		case errors.Is(err, errBudget), errors.Is(err, errManyPages): // limits of doctor, no failures
			return skipped(seen + ": " + shortError(err))
		default:
			return doubtful(seen+": "+shortError(err), "a request that this check needs was refused or failed, so nothing is known of it", remedy(err))
		}
	}
	return skipped(seen)
}

// remedy is what to do about a request that was refused or failed after others had been answered.
func remedy(err error) string {
	const again = "run doctor again; if it stays so, "
	switch itnio.ClassOf(err) {
	case itnio.ClassAuthentication:
		return again + "look at the key and the allow-list in the platform's console"
	case itnio.ClassThrottled:
		return again + "see who else uses the key, or lower rate_limit"
	case itnio.ClassClock:
		return again + "synchronise this machine's clock with NTP"
	case itnio.ClassTransient:
		return again + "look at the network and the proxies on the way, then ask the vendor"
	}
	if _, told := errors.AsType[*itnio.StatusError](err); told {
		return again + "ask the vendor why such a request is refused"
	}
	return again + "look at base_url and the proxies on the way"
}

// refused reports whether the API itself refused what was asked. That tells something about the server; other failures do not.
func refused(err error) bool {
	switch itnio.ClassOf(err) {
	case itnio.ClassQuestion, itnio.ClassWindow:
		return true
	case itnio.ClassUnknown:
		_, told := errors.AsType[*itnio.StatusError](err)
		return told
	}
	return false
}
