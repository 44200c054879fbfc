package airquality

// A Band is a class of the index with its colour, name and advice.
type Band uint8

// The bands. The zero Band means that there is no index.
const (
	Good Band = iota + 1
	Moderate
	Poor
	Bad
	VeryBad
	Hazardous
)

// A Text is a sentence or name in the two languages of the service.
type Text struct {
	Vietnamese, English string
}

type band struct {
	upTo             int
	label            string
	name             Text
	color            string
	everyone, atRisk Text
}

// bands are those of Decision 1459/QĐ-TCMT, table 1. English names and both texts of
// advice are ours; the colours are the Decision's.
var bands = [...]band{
	Good: {
		upTo: 50, label: "good", name: Text{"Tốt", "Good"}, color: "#00E400",
		everyone: Text{"Không khí trong lành, hoạt động ngoài trời bình thường.", "The air is clean; be outdoors as usual."},
		atRisk:   Text{"Hoạt động ngoài trời bình thường.", "Be outdoors as usual."},
	},
	Moderate: {
		upTo: 100, label: "moderate", name: Text{"Trung bình", "Moderate"}, color: "#FFFF00",
		everyone: Text{"Hoạt động ngoài trời bình thường.", "Be outdoors as usual."},
		atRisk:   Text{"Người già, trẻ em, người mắc bệnh hô hấp hoặc tim mạch nên để ý các triệu chứng như ho, khó thở.", "Older people, children and people with lung or heart disease should watch for coughing or short breath."},
	},
	Poor: {
		upTo: 150, label: "poor", name: Text{"Kém", "Poor"}, color: "#FF7E00",
		everyone: Text{"Giảm vận động mạnh ngoài trời nếu thấy khó chịu.", "Do less hard exercise outdoors if you feel unwell."},
		atRisk:   Text{"Nên giảm hoạt động mạnh và thời gian ở ngoài trời, chuẩn bị sẵn thuốc thường dùng.", "Do less hard exercise, spend less time outdoors and keep your medicine at hand."},
	},
	Bad: {
		upTo: 200, label: "bad", name: Text{"Xấu", "Bad"}, color: "#FF0000",
		everyone: Text{"Hạn chế vận động mạnh ngoài trời, đeo khẩu trang lọc bụi khi ra ngoài.", "Avoid long or hard exercise outdoors; wear a dust mask."},
		atRisk:   Text{"Nên ở trong nhà, tránh vận động mạnh ngoài trời.", "Stay indoors and avoid exercise outdoors."},
	},
	VeryBad: {
		upTo: 300, label: "very_bad", name: Text{"Rất xấu", "Very bad"}, color: "#8F3F97",
		everyone: Text{"Tránh hoạt động ngoài trời, đóng cửa sổ, đeo khẩu trang lọc bụi khi buộc phải ra ngoài.", "Avoid being outdoors, close the windows, and wear a dust mask if you must go out."},
		atRisk:   Text{"Ở trong nhà; trường học nên dừng hoạt động ngoài trời.", "Stay indoors; schools should stop activities outdoors."},
	},
	Hazardous: {
		upTo: MaxIndex, label: "hazardous", name: Text{"Nguy hại", "Hazardous"}, color: "#7E0023",
		everyone: Text{"Ở trong nhà, đóng kín cửa; nếu buộc phải ra ngoài hãy đeo khẩu trang lọc bụi mịn.", "Stay indoors with doors and windows closed; wear a fine-dust mask if you must go out."},
		atRisk:   Text{"Ở trong nhà và liên hệ cơ sở y tế khi khó thở hoặc đau ngực.", "Stay indoors, and see a doctor if breathing is hard or the chest hurts."},
	},
}

// Bands returns all bands, from the best.
func Bands() []Band { return []Band{Good, Moderate, Poor, Bad, VeryBad, Hazardous} }

// BandOf returns the band of a rounded index; the zero Band for a negative one.
func BandOf(index int) Band {
	if index < 0 {
		return 0
	}
	for _, b := range Bands() {
		if index <= bands[b].upTo {
			return b
		}
	}
	return Hazardous
}

func (b Band) entry() band {
	if int(b) < len(bands) {
		return bands[b]
	}
	return band{}
}

// String returns the name for labels and tables: "good", "very_bad"; "" for none.
func (b Band) String() string { return b.entry().label }

// Name returns what the band is called.
func (b Band) Name() Text { return b.entry().name }

// Color returns the colour that Decision 1459 wants it shown in, as #RRGGBB.
func (b Band) Color() string { return b.entry().color }

// UpTo returns the highest index of the band.
func (b Band) UpTo() int { return b.entry().upTo }

// Advice returns what everyone, and what people at risk should do.
func (b Band) Advice() (everyone, atRisk Text) { return b.entry().everyone, b.entry().atRisk }

// Indicative is the mark that an index must carry that does not come from a
// quality-controlled automatic station: only those may be published as VN_AQI.
func Indicative() Text { return Text{"tham khảo", "indicative"} }
