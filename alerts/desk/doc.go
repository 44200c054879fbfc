// Package desk is what people do with alerts: they take one in hand for a while, give it to
// somebody, write what they found, and announce work so that nobody is called for it.
//
// [Handling] and [Window] are values with the rules; time is an argument, and nobody else's
// clock is read. A [Desk] keeps them in a bucket that several replicas share. Who changes something
// says which state he knew (compare and set), so nobody overwrites anybody; what a
// desk answers comes from memory, which follows the bucket.
//
// The desk silences nobody for ever: an acknowledgement and a window end by themselves. While it does
// not know the bucket it answers that nothing is in hand and nothing announced, because a call too
// many is better than one too few.
package desk
