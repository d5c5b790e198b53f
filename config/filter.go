package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"itnio_exporter/enum"
)

var (
	phoneNumber = regexp.MustCompile(`^[0-9]{1,20}$`)
	callingCode = regexp.MustCompile(`^[1-9][0-9]{0,6}$`)
)

// maxFilterText is the longest text of a filter, in bytes.
const maxFilterText = 512

// validate checks a filter and turns names into codes. Lists are sets: sorted, each value once.
func (f FilterConfig) validate(s *source, path string) (v Filter, err error) {
	v = Filter{VoiceGroupID: or(f.VoiceGroupID, 0), AgentGroup: f.AgentGroup, AgentIDs: set(f.AgentIDs), Number: f.Number}
	if f.VoiceGroupID != nil && v.VoiceGroupID < 1 {
		return v, s.errorf(path+".voice_group_id", "%d is not an id; it has to be 1 or more", v.VoiceGroupID)
	}
	for i, id := range f.AgentIDs {
		if id < 1 {
			return v, s.errorf(fmt.Sprintf("%s.agent_ids[%d]", path, i), "%d is not an id; it has to be 1 or more", id)
		}
	}
	if v.Number != "" && !phoneNumber.MatchString(string(v.Number)) {
		return v, s.errorf(path+".number", "has to be of digits only, at most 20")
	}
	if v.CallingCodes, err = callingCodes(s, f.CallingCodes, path+".calling_codes"); err != nil {
		return v, err
	}
	if err = f.texts(s, path, &v); err != nil {
		return v, err
	}
	return v, f.enumerations(s, path, &v)
}

// texts checks the filters by free text.
func (f FilterConfig) texts(s *source, path string, v *Filter) (err error) {
	if v.AgentGroup != "" {
		if _, err := texts(s, []string{v.AgentGroup}, path+".agent_group"); err != nil {
			return err
		}
	}
	if v.Agents, err = texts(s, f.Agents, path+".agents"); err != nil {
		return err
	}
	v.Tags, err = texts(s, f.Tags, path+".tags")
	return err
}

// enumerations checks the filters by names of enumerations.
func (f FilterConfig) enumerations(s *source, path string, v *Filter) (err error) {
	if v.CallTypes, err = codes(s, f.CallTypes, path+".call_types", enum.ParseCallType, enum.CallTypeNames()); err != nil {
		return err
	}
	if v.HangupReasons, err = codes(s, f.HangupReasons, path+".hangup_reasons", enum.ParseReason, enum.ReasonNames()); err != nil {
		return err
	}
	v.HangupParties, err = codes(s, f.HangupParties, path+".hangup_parties", enum.ParseParty, enum.PartyNames())
	return err
}

func callingCodes(s *source, values []string, path string) ([]string, error) {
	for i, code := range values {
		if !callingCode.MatchString(code) {
			return nil, s.errorf(fmt.Sprintf("%s[%d]", path, i), "%s is not a calling code; write its digits alone, such as 86", quote(code))
		}
	}
	return set(values), nil
}

// codes turns names of an enumeration into the API's codes.
func codes[E interface{ Code() int64 }](s *source, names []string, path string, parse func(string) (E, bool), known []string) ([]int64, error) {
	var out []int64
	for i, name := range names {
		e, ok := parse(name)
		if !ok {
			return nil, s.errorf(fmt.Sprintf("%s[%d]", path, i), "%s is not known; it is one of %s", quote(name), strings.Join(known, ", "))
		}
		out = append(out, e.Code())
	}
	return set(out), nil
}

func texts(s *source, values []string, path string) ([]string, error) {
	for i, text := range values {
		if strings.TrimSpace(text) == "" || len(text) > maxFilterText || !printable(text) {
			at := path
			if len(values) > 1 {
				at = fmt.Sprintf("%s[%d]", path, i)
			}
			return nil, s.errorf(at, "has to be a text of 1 to %d bytes without control characters", maxFilterText)
		}
	}
	return set(values), nil
}

// set sorts values and removes repetitions, so that the order in which a filter was written does not matter.
func set[T int64 | string](values []T) []T {
	if len(values) == 0 {
		return nil
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

func (f Filter) clone() Filter {
	f.AgentIDs = slices.Clone(f.AgentIDs)
	f.Agents = slices.Clone(f.Agents)
	f.CallTypes = slices.Clone(f.CallTypes)
	f.HangupReasons = slices.Clone(f.HangupReasons)
	f.CallingCodes = slices.Clone(f.CallingCodes)
	f.HangupParties = slices.Clone(f.HangupParties)
	f.Tags = slices.Clone(f.Tags)
	return f
}

// Fingerprint is the SHA-256 of a filter in hex digits; "" for the empty filter. The ledger compares it to notice a change.
func (f Filter) Fingerprint() string {
	plain := struct {
		Filter
		Number string // replaces the Secret of this name, which does not marshal
	}{f, string(f.Number)}
	if reflect.DeepEqual(f, Filter{}) {
		return ""
	}
	text, err := json.Marshal(plain)
	if err != nil {
		panic(err) // numbers and texts always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
