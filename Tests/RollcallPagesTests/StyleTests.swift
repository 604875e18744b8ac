import Testing

@testable import RollcallPages

/// Colours of the style sheet, as their custom properties say them.
private struct Palette {
  var colours: [String: [Double]]

  /// - Parameter isDark: with what the dark scheme has instead.
  init(_ css: String, isDark: Bool) throws {
    let blocks = css.split(separator: ":root {").dropFirst().map { $0.prefix { $0 != "}" } }
    #expect(blocks.count == 2)
    colours = [:]
    for block in isDark ? blocks : Array(blocks.prefix(1)) {
      for line in block.split(separator: "\n") {
        let parts = line.split(separator: ":").map { $0.filter { !" ;".contains($0) } }
        guard parts.count == 2, parts[0].hasPrefix("--"), parts[1].hasPrefix("#") else { continue }
        let number = try #require(Int(parts[1].dropFirst(), radix: 16))
        colours[String(parts[0].dropFirst(2))] = [16, 8, 0].map { Double(number >> $0 & 255) / 255 }
      }
    }
  }

  /// WCAG 2.2, contrast ratio.
  func contrast(_ one: String, _ other: String) throws -> Double {
    let luminances = try [one, other].map { name in
      let colour = try #require(colours[name], "\(name)")
      return zip(colour, [0.2126, 0.7152, 0.0722]).reduce(0) { sum, part in
        let linear = part.0 <= 0.04045 ? part.0 / 12.92 : Logarithm.power((part.0 + 0.055) / 1.055, 2.4)
        return sum + linear * part.1
      }
    }
    return (max(luminances[0], luminances[1]) + 0.05) / (min(luminances[0], luminances[1]) + 0.05)
  }
}

@Suite struct StyleTests {
  private static let css = String(decoding: Asset.style.body, as: UTF8.self)

  private static let texts: [(String, String)] = [
    ("ink", "paper"), ("ink", "wash"), ("quiet", "paper"), ("quiet", "wash"), ("accent", "paper"), ("accent", "wash"),
    ("trouble", "paper"), ("trouble", "wash"), ("waiting", "paper"), ("waiting", "wash"), ("on-accent", "accent"),
    ("on-trouble", "trouble"), ("ink", "accent-wash"), ("ink", "trouble-wash"), ("ink", "waiting-wash"),
    ("quiet", "trouble-wash"), ("quiet", "waiting-wash"), ("quiet", "accent-wash"), ("accent", "trouble-wash"),
    ("accent", "waiting-wash"), ("waiting", "waiting-wash"), ("trouble", "trouble-wash"), ("paper", "ink"),
  ]

  private static let marks: [(String, String)] = [
    ("bar", "paper"), ("edge", "paper"), ("edge", "wash"), ("accent", "paper"), ("accent", "wash"),
    ("trouble", "trouble-wash"), ("waiting", "waiting-wash"), ("waiting", "paper"), ("trouble", "paper"),
    ("accent", "accent-wash"), ("edge", "trouble-wash"),
  ]

  @Test(arguments: [false, true])
  func contrastIsEnough(isDark: Bool) throws {
    let palette = try Palette(Self.css, isDark: isDark)
    for (text, ground) in Self.texts { #expect(try palette.contrast(text, ground) >= 4.5, "\(text) on \(ground)") }
    for (mark, ground) in Self.marks { #expect(try palette.contrast(mark, ground) >= 3, "\(mark) on \(ground)") }
  }

  @Test func theDarkSchemeHasAllColours() throws {
    let blocks = Self.css.split(separator: ":root {").dropFirst().map { block in
      Set(
        block.prefix { $0 != "}" }.split(separator: "\n").filter { $0.contains("#") }.compactMap {
          $0.split(separator: ":").first.map { $0.filter { $0 != " " } }
        })
    }
    try #require(blocks.count == 2)
    #expect(blocks[0] == blocks[1])
  }

  /// Colours have one place, so that the contrasts above are those that are seen.
  @Test func coloursAreNamedOnlyOnce() {
    let rules = Self.css.split(separator: "\n").filter { line in
      let line = line.drop { $0 == " " }
      return !line.hasPrefix("--") && line.contains("#") && line.contains(":") && line.hasSuffix(";")
    }
    #expect(rules.allSatisfy { !$0.contains(/#[0-9a-fA-F]{3,8}\b/) }, "\(rules)")
  }

  @Test func threeSizesAndStepsOfFour() {
    let sizes = Self.css.split(separator: "\n").filter { $0.contains("font-size:") }
    #expect(sizes.allSatisfy { $0.contains(/font-size: var\(--(small|body|large)\)/) }, "\(sizes)")
  }

  @Test func nothingComesFromElsewhere() {
    for asset in Asset.all where asset.path.hasSuffix("css") || asset.path.hasSuffix("js") {
      let text = String(decoding: asset.body, as: UTF8.self)
      for word in ["http:", "https:", "@import", "url(", "eval(", "innerHTML", "document.write"] {
        #expect(!text.contains(word), "\(asset.path): \(word)")
      }
    }
    #expect(!Asset.contentSecurityPolicy.contains("unsafe"))
  }

  @Test func anAssetIsFoundAtItsAddress() {
    #expect(Set(Asset.all.map(\.path)).count == Asset.all.count)
    for asset in Asset.all {
      #expect(asset.address.hasPrefix(asset.path + "?v="))
      #expect(!asset.body.isEmpty)
    }
  }
}
