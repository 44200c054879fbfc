// Package airquality judges air, noise, heat, water and rain by the rules that
// hold in Việt Nam: the index VN_AQI of Decision 1459/QĐ-TCMT (2019), the limits
// of QCVN 05:2023/BTNMT, noise limits by zone and hour, the heat index with the
// cut points of the national forecast centre, and the rain classes.
//
// All of it are pure functions of numbers: no state, no clock, no reading. Which
// readings may be judged, and over which hours, is the business of package
// environment. Each formula, with its source and the places where the source
// contradicts itself, is in docs/ENVIRONMENT.md.
//
// Concentrations are in µg/m³ at 25 °C and 760 mmHg throughout.
package airquality
