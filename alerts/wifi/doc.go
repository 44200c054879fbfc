// Package wifi judges public Wi-Fi: whether each site works and why not, how much
// of each month it worked, whether its access points are overloaded or slow, how
// much of what a province promised is covered, and how many people use it.
//
// A [Book] is the one state of it. It is told of the stream's readings, of the
// states of devices that the alert engine judges (silence is the engine's
// business) and of the register; it reads no clock and gives the same answers for
// the same entries, bit for bit. docs/WIFI.md states every formula with its source.
//
// No identity of a user enters here. Users are counted with sketches that access
// points make ([telemetry.UsersSketch]); what is kept is their union per area and
// month.
package wifi
