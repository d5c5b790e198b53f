package itnio

import (
	"context"

	"golang.org/x/time/rate"
)

// pace spaces requests by the rate limit, and further apart where the server says that they are too many: half as many at each
// such answer, slowly more again with each good one. A server's own limit is not documented, and may be lower than ours.
type pace struct {
	limiter *rate.Limiter
	most    rate.Limit
}

const (
	slowest  = 20  // the lowest rate is most divided by this
	recovery = 100 // each good answer adds most divided by this to the rate
)

// newPace spaces requests evenly; perSecond 0 is no limit.
func newPace(perSecond float64) *pace {
	most := rate.Inf
	if perSecond > 0 {
		most = rate.Limit(perSecond)
	}
	return &pace{limiter: rate.NewLimiter(most, 1), most: most}
}

func (p *pace) wait(ctx context.Context) error { return p.limiter.Wait(ctx) }

// learn adjusts the pace to the result of a request.
func (p *pace) learn(err error) {
	if p.most == rate.Inf {
		return
	}
	switch now := p.limiter.Limit(); {
	case ClassOf(err) == ClassThrottled:
		p.limiter.SetLimit(max(now/2, p.most/slowest))
	case err == nil && now < p.most:
		p.limiter.SetLimit(min(now+p.most/recovery, p.most))
	}
}
