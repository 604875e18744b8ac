extension Int {
  /// In groups of three with thin spaces that no line breaks at.
  var grouped: String {
    let digits = String(magnitude)
    var text = ""
    for (place, digit) in digits.enumerated() {
      if place > 0, (digits.count - place) % 3 == 0 { text += "\u{202F}" }
      text.append(digit)
    }
    return self < 0 ? "\u{2212}" + text : text
  }
}

/// `1 deletion`, `81 deletions`, `2 entries`
func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
  "\(count.grouped)\u{A0}\(plural(count, one, many))"
}

/// The word alone.
func plural(_ count: Int, _ one: String, _ many: String? = nil) -> String { count == 1 ? one : many ?? one + "s" }

/// With so many digits after the point, and none of them in vain.
func decimal(_ number: Double, _ digits: Int) -> String {
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  guard number.isFinite, abs(number * scale) < 1e15 else { return "?" }
  let scaled = Int((abs(number) * scale).rounded())
  var fraction = String(scaled % Int(scale))
  fraction = String(repeating: "0", count: max(0, digits - fraction.count)) + fraction
  while fraction.last == "0" { fraction.removeLast() }
  let whole = (scaled / Int(scale)).grouped
  let sign = number < 0 && scaled > 0 ? "\u{2212}" : ""
  return sign + (digits == 0 || fraction.isEmpty ? whole : "\(whole).\(fraction)")
}

/// A share of a whole: `8.1 %`, `< 0.1 %`, `100 %`.
func percentage(_ part: Int, of whole: Int) -> String {
  let share = 100 * Double(part) / Double(max(1, whole))
  if part > 0, share < 0.1 { return "< 0.1\u{A0}%" }
  return "\(decimal(share, share < 10 ? 1 : 0))\u{A0}%"
}
