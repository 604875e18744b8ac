/// A share of a whole, from 0 % to 100 %, exact to a hundredth of a percent.
package struct Percent: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Hundredths of a percent: 1000 is 10 %.
  package let basisPoints: Int

  /// nil unless between 0 and 10,000.
  package init?(basisPoints: Int) {
    guard (0...10_000).contains(basisPoints) else { return nil }
    self.basisPoints = basisPoints
  }

  /// Parses `10%`, `2.5%`, `0.25 %`; nil for anything else and above 100 %.
  init?(parsing text: String) {
    guard text.hasSuffix("%") else { return nil }
    var number = text.dropLast()
    while number.last == " " { number.removeLast() }
    let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let digits = parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    guard digits, let whole = Int(parts[0]), whole <= 100 else { return nil }
    var hundredths = 0
    if parts.count == 2 {
      guard parts[1].count <= 2, let fraction = Int(parts[1]) else { return nil }
      hundredths = parts[1].count == 1 ? fraction * 10 : fraction
    }
    self.init(basisPoints: whole * 100 + hundredths)
  }

  static let ten = Percent(unchecked: 1_000)

  private init(unchecked basisPoints: Int) {
    self.basisPoints = basisPoints
  }

  /// This share of a number, rounded down.
  package func of(_ count: Int) -> Int {
    // Split to avoid overflow for any count.
    count / 10_000 * basisPoints + count % 10_000 * basisPoints / 10_000
  }

  package static func < (one: Percent, other: Percent) -> Bool { one.basisPoints < other.basisPoints }

  package var description: String {
    let whole = basisPoints / 100
    let fraction = basisPoints % 100
    if fraction == 0 { return "\(whole)%" }
    if fraction % 10 == 0 { return "\(whole).\(fraction / 10)%" }
    return "\(whole).\(fraction / 10)\(fraction % 10)%"
  }
}
