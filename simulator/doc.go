// Package simulator is a world that knows the truth, and a fleet of devices that
// live in it and speak MQTT like real ones.
//
// It has three parts. A [World] is a pure function of a seed, a scenario, time
// and place: communes, sites, crowds, uplinks, weather, masts and what fails
// when. Its devices' messages are a pure stream: [World.Events] yields the same
// events in the same order for the same options, bit for bit, however fast they
// are consumed. Only the [Player] touches clocks and networks: it plays events
// to a [Broker] in real time, faster, or as fast as the broker takes them.
//
// Because every reading is drawn from the world, the world can be asked what is
// really the case, and a detector can be measured against it.
//
// Randomness is a hash of (seed, subject, time), never a shared generator: what
// happens to one device does not depend on whether another one exists, and any
// instant can be asked for without living through those before it. The same seed
// gives the same bytes on one processor architecture; another may round the last
// bit of a float differently.
//
// The province is Tây Ninh: codes, names, populations, sizes and rounded centres
// of its communes are facts. Everything else here is invented: shapes are computed
// from the centres, and sites, masts, roads, rivers and devices exist nowhere.
package simulator
