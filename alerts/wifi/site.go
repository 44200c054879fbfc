package wifi

import "phusong/telemetry"

// site is a place with access points, or one that should have some.
type site struct {
	telemetry.Site
	points []int32 // its access points that are not retired
	placed
}

// placed is what is known of a site, and what a snapshot keeps of it.
type placed struct {
	Verdict Verdict        `json:"verdict"`
	Reason  Reason         `json:"reason"`
	Since   int64          `json:"since"` // of the verdict, ms
	Tally   tally          `json:"tally"`
	Users   minutes        `json:"users"`
	Past    []monthMinutes `json:"past,omitempty"` // user minutes of past months; its elements never change

	// how many access points have each verdict and reason; counted anew from them
	count   [verdicts]int32
	because [reasons]int32
}

// monthMinutes are the user minutes of one month.
type monthMinutes struct {
	Month Month   `json:"month"`
	Users minutes `json:"users"`
}

// add counts an access point in, or out with -1.
func (s *site) add(a *accessPoint, n int32) {
	if a.State == Retired {
		return
	}
	s.count[a.Verdict] += n
	s.because[a.Reason] += n
}

// judge gives the verdict on the site from its access points. Those under
// maintenance do not count. One never heard counts as not serving beside one that
// was heard: it is not installed, or it has never worked. But what we could not
// hear proves nothing.
func (s *site) judge() (Verdict, Reason) {
	all := int32(len(s.points))
	if all == 0 {
		return NoService, NoAccessPoint
	}
	all -= s.because[UnderMaintenance]
	blind, never := s.because[NotHearing], s.because[NotYetHeard]
	serving, down := s.count[Working]+s.count[Partly], s.count[Failed]+s.count[NoService]
	switch {
	case all == 0:
		return Unknown, UnderMaintenance
	case serving == 0 && blind > 0:
		return Unknown, NotHearing
	case serving == 0 && down == 0:
		return Unknown, NotYetHeard
	case serving == 0 && s.count[Failed] > 0:
		return Failed, s.most(PortalDown, LoginFails)
	case serving == 0:
		return NoService, s.most(APSilent, UplinkDown)
	case s.count[Partly]+down+never > 0:
		if down+never > 0 {
			return Partly, s.most(APSilent, LoginFails)
		}
		return Partly, s.most(UplinkLossy, UplinkLaggy)
	}
	return Working, NoReason
}

// most returns the reason from first to last that most access points give, or
// that they were never heard.
func (s *site) most(first, last Reason) Reason {
	best := NotYetHeard
	for r := first; r <= last; r++ {
		if n := s.because[r]; n > 0 && (best == NotYetHeard || n > s.because[best]) {
			best = r
		}
	}
	return best
}

// slot is where the site's time counts. A site without access points has no
// availability: it is not covered, which the targets say.
func (s *site) slot() slot {
	switch s.Reason {
	case NoAccessPoint:
		return nowhere
	case UnderMaintenance:
		return slotMaintenance
	}
	return slot(s.Verdict)
}
