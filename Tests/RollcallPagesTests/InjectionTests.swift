import Testing

@testable import RollcallPages

@Suite struct InjectionTests {
  private static let hostile: [String] = [
    "<script>alert(1)</script>", "\"><script>alert(1)</script>", "' onmouseover='alert(1)", "\" onfocus=\"alert(1)",
    "</title><script>", "</svg><script>", "</textarea></style></pre><img src=x onerror=alert(1)>", "&lt;script&gt;",
    "&quot; x=&quot;", "javascript:alert(1)", "{{x}} {{{x}}} \\(x)", "<!--", "]]>", "<![CDATA[", "<?php", "a&b;c",
    "=1 `x` ${x}",
    // To Swift a quote and a mark that combines with it are one character; a browser sees the quote.
    "\"\u{301} onfocus=alert(1) x=\"\u{301}", "<\u{301}script>", "'\u{20E3}'", ">\u{FE0F}<\u{FE0F}img src=x>",
  ]

  /// These are shown as escapes, and then no command names them that a shell would be given.
  private static let unseen: [String] = [
    "\u{202E}gnp.exe", "a\0b\"<x>", "\r\n<b>\r", "\u{2028}\u{2029}<i>", "\u{1B}[31m\"", "a\u{200D}\"\u{200D}>",
  ]

  private static func skeletons(_ text: String, _ hasActions: Bool) -> [[String]] {
    Everywhere(text: text, hasActions: hasActions).pages.map { page in
      [page.name] + HTMLTag.all(in: page.html).map(\.description)
    }
  }

  /// The first place where two pages part.
  private static func difference(_ one: [[String]], _ other: [[String]]) -> String? {
    for (one, other) in zip(one, other) where one != other {
      let place = zip(one, other).prefix { $0 == $1 }.count
      return "\(one[0]): \(one.dropFirst(place - 1).prefix(4)), not \(other.dropFirst(place - 1).prefix(4))"
    }
    return nil
  }

  /// Several at once: what leaves its place shows all the same, and each page is made once for all of them.
  private static func inGroups(_ texts: [String]) -> [String] {
    stride(from: 0, to: texts.count, by: 3).map { texts[$0..<min($0 + 3, texts.count)].joined(separator: " ") } + [
      texts[0]
    ]
  }

  @Test func noTextChangesThePage() {
    for hasActions in [true, false] {
      let plain = Self.skeletons("x", hasActions)
      for text in Self.inGroups(Self.hostile) {
        #expect(Self.difference(Self.skeletons(text, hasActions), plain) == nil, "\(text.debugDescription)")
      }
    }
    let unseen = Self.skeletons("x\u{202E}", true)
    for text in Self.inGroups(Self.unseen) {
      #expect(Self.difference(Self.skeletons(text, true), unseen) == nil, "\(text.debugDescription)")
    }
  }

  @Test func nothingUnseenIsSent() {
    for text in Self.inGroups(Self.unseen) {
      for page in Everywhere(text: text).pages {
        for tag in HTMLTag.all(in: page.html) {
          let scalars = tag.text.unicodeScalars
          #expect(
            !scalars.contains { $0.isUnprintableForAPage }, "\(page.name): \(tag) \(tag.text.debugDescription)")
        }
        #expect(!page.html.utf8.contains(0))
      }
    }
  }

  @Test func aLongTextIsShownWhole() {
    let text = String(repeating: "long<name>", count: 1000)
    let escaped = text.replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    for page in Everywhere(text: text).pages where page.name != "login" {
      #expect(page.html.contains(escaped), "\(page.name)")
    }
  }

  @Test func whatABrowserSendsBackIsTheKey() {
    let key = "O'Brien \"<&>\u{202E}\u{301} +%2F"
    let tags = HTMLTag.all(in: Everywhere(text: key).person(.unanswered("-")).html)
    let values = tags.filter { $0["name"] == "key" }.map { $0["value"]?.decoded }
    #expect(values.count >= 4)
    #expect(values.allSatisfy { $0 == key })
  }

  @Test(
    arguments: [
      ("17", "/people/17?directory=main"), ("a/b", "/people/a%2Fb?directory=main"),
      ("../x", "/people/..%2Fx?directory=main"), ("ä b", "/people/%C3%A4%20b?directory=main"),
      ("a?b#c&d", "/people/a%3Fb%23c%26d?directory=main"), ("..", "/people?find=..&directory=main"),
      ("", "/people?directory=main"), ("//evil.example", "/people/%2F%2Fevil.example?directory=main"),
    ])
  func aLinkStaysOnThisServer(key: String, address: String) {
    #expect(Address.person(key, "main") == address)
  }

  @Test func allLinksStayOnThisServer() {
    for text in Self.inGroups(Self.hostile) + ["//evil.example/", "https://evil.example/"] {
      for page in Everywhere(text: text).pages {
        for tag in HTMLTag.all(in: page.html) {
          for name in ["href", "src", "action"] {
            guard let address = tag[name] else { continue }
            let isLocal = address.hasPrefix("#") || (address.hasPrefix("/") && !address.hasPrefix("//"))
            #expect(isLocal, "\(page.name): \(tag) \(address)")
          }
        }
      }
    }
  }
}

extension Unicode.Scalar {
  fileprivate var isUnprintableForAPage: Bool {
    if self == "\n" || self == "\t" { return false }
    return value < 0x20 || value == 0x202E || value == 0x2028 || value == 0x2029 || value == 0x200D
  }
}
