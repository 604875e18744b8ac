/// A picture with its title, and the same numbers in a table behind a fold.
///
/// Widths are shares of the room there is, heights are pixels: letters keep their size whatever the width.
struct Chart {
  /// Also the beginning of the ids in it.
  var id: String
  /// What is seen.
  var title: String
  /// In one sentence, for those who do not see it.
  var description: String
  var drawing: Markup
  var table: Table

  static let height = 184.0
  /// Between these the plot stands; below it are the axis's labels, above it those of lines.
  static let top = 40.0
  static let bottom = 158.0

  var markup: Markup {
    """
    <figure class="chart">
    <figcaption>\(title)</figcaption>
    <svg role="img" aria-labelledby="\(id)-title \(id)-text" width="100%" height="\(digits: Int(Chart.height))">
    <title id="\(id)-title">\(title)</title>
    <desc id="\(id)-text">\(description)</desc>
    \(drawing)
    </svg>
    <details class="fold" id="\(id)-numbers"><summary>The numbers</summary>
    \(table.markup)
    </details>
    </figure>

    """
  }

  /// The base line, and a line at the largest value with its number.
  static func frame(largest: Int, unit: String) -> Markup {
    """
    <line class="grid" x1="0" x2="100%" y1="\(point: top)" y2="\(point: top)"/>
    <text class="tick" x="0" y="\(point: top - 6)">\(largest.grouped) \(unit)</text>
    \(base)
    """
  }

  /// Zero.
  static var base: Markup {
    "<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"\(point: bottom)\" y2=\"\(point: bottom)\"/>\n"
  }

  /// - Parameter height: between 0 and 1; what is there is seen, however little it is.
  static func bar(from: Double, width: Double, height: Double, label: String) -> Markup {
    let pixels = height <= 0 ? 0 : max(2, height * (bottom - top))
    return """
      <rect class="column" x="\(share: from)" width="\(share: width)" y="\(point: bottom - pixels)" \
      height="\(point: pixels)"><title>\(label)</title></rect>

      """
  }

  /// A label of the horizontal axis. At the ends it keeps inside.
  static func tick(at place: Double, _ text: String) -> Markup {
    let anchor: Markup = place < 0.02 ? "start" : place > 0.98 ? "end" : "middle"
    return """
      <line class="axis" x1="\(share: place)" x2="\(share: place)" y1="\(point: bottom)" y2="\(point: bottom + 4)"/>
      <text class="tick" x="\(share: place)" y="\(point: bottom + 18)" text-anchor="\(anchor)">\(text)</text>

      """
  }
}

extension Markup.StringInterpolation {
  /// A coordinate, to a tenth; never without a value.
  mutating func appendInterpolation(point number: Double) {
    let tenths = number.isFinite ? Int((min(max(number, -10_000), 10_000) * 10).rounded()) : 0
    let sign = tenths < 0 ? "-" : ""
    appendLiteral("\(sign)\(tenths.magnitude / 10).\(tenths.magnitude % 10)")
  }

  /// A share of the width, as hundredths of a per cent.
  mutating func appendInterpolation(share number: Double) {
    let parts = number.isFinite ? Int((min(max(number, 0), 1) * 10_000).rounded()) : 0
    let rest = parts % 100
    appendLiteral("\(parts / 100).\(rest < 10 ? "0" : "")\(rest)%")
  }
}
