package diagnose

import (
	"errors"

	"itnio_exporter/itnio"
)

func credentialChecks() []check {
	return []check{
		{"credentials-key", "The key and the secret are accepted", judgeKey},
		{"credentials-address", "This machine's address is on the allow-list", judgeAllowed},
		{"credentials-timestamp", "The signature's time is accepted", judgeTimestamp},
		{"credentials-question", "The record query is accepted", judgeQuestion},
	}
}

// needsAnswer skips what needs an answer of the API.
func needsAnswer(f *facts) string {
	if f.contact.stage() != atAPI {
		return "the API does not answer"
	}
	return ""
}

// needsSuccess skips what needs answers that are no errors.
func needsSuccess(f *facts) string {
	if why := needsAnswer(f); why != "" {
		return why
	}
	if f.contact.err != nil {
		return "the API refuses every request"
	}
	return ""
}

// status is the API's status in the first answer; 0: success, or none was told.
func (c *contact) status() int {
	if e, ok := errors.AsType[*itnio.StatusError](c.err); ok {
		return e.Code
	}
	return 0
}

func judgeKey(f *facts) Finding {
	c := &f.contact
	switch {
	case c.status() == itnio.StatusAuthFailed, c.status() == 0 && (c.exchange.code == 401 || c.exchange.code == 403):
		return wrong(shortError(c.err), "the key or the secret is wrong, they belong to another platform than base_url, or the account is locked",
			"copy both again from the platform's console; see that base_url is that platform's; the secret may have been rotated")
	case c.status() == itnio.StatusIPNotAllowed:
		return good("not refused as such; the address is")
	}
	return good("accepted")
}

func judgeAllowed(f *facts) Finding {
	switch f.contact.status() {
	case itnio.StatusIPNotAllowed:
		return wrong("API status -2: IP address not allowed", "the platform answers only addresses on the account's allow-list",
			"add the address under which this machine reaches the internet (that of its NAT gateway or proxy) to the allow-list in the platform's console")
	case itnio.StatusAuthFailed:
		return skipped("the key is not accepted")
	}
	return good("allowed")
}

func judgeTimestamp(f *facts) Finding {
	if f.contact.status() == itnio.StatusTimestamp {
		return wrong("API status -16: timestamp expired, also when signed with the time of the server's own answer",
			"the server that checks signatures has another clock than the one that dates answers", "tell the vendor; until then nothing can be read")
	}
	return good("accepted")
}

func judgeQuestion(f *facts) Finding {
	switch itnio.ClassOf(f.contact.err) {
	case itnio.ClassNone:
		return good("answered with status 0")
	case itnio.ClassAuthentication, itnio.ClassClock:
		return skipped("the request is refused for another reason")
	}
	return wrong(shortError(f.contact.err), "the first request failed, for the last ten minutes of calls",
		"try again; if it stays so, leave the account's filter out for a test, set time_format, and ask the vendor what the status means")
}
