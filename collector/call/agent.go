package call

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"itnio_exporter/config"
)

// hashDigits is the length of a hashed agent name, in hex digits.
const hashDigits = 16

// maxAgents is how many hashes are kept in memory.
const maxAgents = 4096

// agent is the agent's label value in the configured mode: "" if agents are off, None if the call had no agent.
func (b *builder) agent(n *Normalizer, name string) string {
	switch n.agents {
	case config.AgentsName:
		return b.label(name, None)
	case config.AgentsHash:
		if b.customer.in(name) { // a hash of a number can be undone by trying all numbers
			b.note(AnomalyNumberInText)
			return None
		}
		return n.hash(name)
	default:
		return ""
	}
}

// hash is the first hashDigits of the HMAC-SHA256 of an agent's name, trimmed and made valid UTF-8.
func (n *Normalizer) hash(name string) string {
	name, _ = valid(name)
	if name == "" {
		return None
	}
	if h, ok := n.hashes.get(name); ok {
		return h
	}
	mac := hmac.New(sha256.New, n.hashKey)
	mac.Write([]byte(name))
	h := hex.EncodeToString(mac.Sum(nil))[:hashDigits]
	n.hashes.put(strings.Clone(name), h)
	return h
}
