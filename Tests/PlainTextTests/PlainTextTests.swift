import PlainText
import Testing

@Suite struct PlainTextTests {
  @Test func aTextIsCutAndSaysHowLongItIs() {
    let long = String(repeating: "x", count: 50 << 20)
    #expect(long.excerpt() == String(repeating: "x", count: 200) + "… (52428800 characters)")
    #expect(long.excerpt(3) == "xxx… (52428800 characters)")
  }

  @Test(arguments: ["", "a", String(repeating: "é", count: 200), "uid=a,dc=x"])
  func whatIsShortStaysWhole(_ value: String) {
    #expect(value.excerpt() == value)
  }

  /// One character for the eye can be made of millions.
  @Test func scalarsAreCountedNotCharacters() {
    let tower = "a" + String(repeating: "\u{301}", count: 1_000_000)
    #expect(tower.count == 1)
    #expect(tower.excerpt().utf8.count < 500)
  }

  /// All that turns the direction of writing or has no width, and nothing that names are written with.
  @Test func whatIsNotSeenIsEscaped() {
    let hidden: [ClosedRange<UInt32>] = [
      0x00...0x1F, 0x7F...0x9F, 0xAD...0xAD, 0x61C...0x61C, 0x180E...0x180E, 0x200B...0x200F, 0x2028...0x202E,
      0x2060...0x2064, 0x2066...0x206F, 0x3164...0x3164, 0xFEFF...0xFEFF, 0xFFF9...0xFFFB, 0xE0020...0xE007F,
    ]
    for value in hidden.joined() {
      guard let scalar = Unicode.Scalar(value) else { continue }
      #expect(scalar.isUnprintable, "\(String(value, radix: 16))")
      #expect(!"a\(scalar)b".printable.unicodeScalars.contains(scalar))
    }
    for text in ["Ådne Åse", "李小龍", "علي", "शर्मा", "葛\u{E0100}城", "👩", "O'Neill-Þór", " \u{A0}"] {
      #expect(text.printable == text)
    }
    #expect("a\u{202E}b".printable == "a\\u202eb")
    #expect("\u{E0041}".printable == "\\udb40\\udc41")
  }
}
