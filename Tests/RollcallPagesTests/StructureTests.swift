import Testing

@testable import RollcallPages

@Suite struct StructureTests {
  private static let pages =
    Everywhere(text: "x").pages + Everywhere(text: "x", hasActions: false).pages + Gallery.pages

  @Test func everyFormThatActsHasTheToken() {
    for (name, html) in Self.pages {
      var isInside = false
      var names: [String] = []
      for tag in HTMLTag.all(in: html) {
        if tag.name == "form", !tag.isEnd {
          isInside = tag["method"] == "post"
          names = []
          #expect(tag["method"] == "post" || tag["method"] == "get", "\(name)")
        } else if tag.name == "form", isInside {
          #expect(names.contains("form"), "\(name)")
          isInside = false
        } else if tag.name == "input" {
          names.append(tag["name"] ?? "")
        }
      }
      #expect(!isInside, "\(name)")
    }
  }

  @Test func nothingActsWithoutActions() {
    for (name, html) in Everywhere(text: "x", hasActions: false).pages where name != "login" {
      #expect(!HTMLTag.all(in: html).contains { $0["method"] == "post" && $0["action"] != "/logout" }, "\(name)")
    }
  }

  /// Enter in a field presses a form's first button, which must not be one of a row.
  @Test func enterDecidesAboutNoRow() {
    var count = 0
    for (name, html) in Self.pages {
      let tags = HTMLTag.all(in: html)
      let forms = Set(tags.filter { $0.name == "button" }.compactMap { $0["form"] })
      for (place, tag) in tags.enumerated() where tag.name == "form" && !tag.isEnd && tag["id"] != nil {
        count += 1
        #expect(forms.contains(tag["id"] ?? ""), "\(name)")
        let first = tags[place...].first { $0.name == "button" }
        #expect(first?["disabled"] != nil && first?["form"] == nil, "\(name): \(tag)")
        let inside = tags[place...].prefix { $0.name != "form" || !$0.isEnd }
        #expect(!inside.contains { $0["formaction"] != nil }, "\(name)")
      }
    }
    #expect(count > 3)
  }

  @Test func whatWaitsInNumbersIsBounded() {
    var wiped = DirectorySummary(name: "main", leader: "h:1", watermarkAge: 1, condition: .init("connected"))
    wiped.held = DirectorySummary.most + 1
    #expect(wiped.standing.words == "more than 10\u{202F}000 held")
    #expect(wiped.sentence == "More than 10\u{202F}000 removals and takeovers wait for your decision.")
    let page = GalleryWaiting.tooMany.html
    #expect(page.contains("rollcall release --set ID") && !page.contains("name=\"count\""))
    #expect(page.contains("<h3>More than 10\u{202F}000 removals wait for your decision</h3>"))
  }

  @Test func aCardForEachDirectory() {
    let unwell = Gallery.fifty.count { $0.standing.level != .well }
    for (directories, unfolded) in [(Gallery.five, 5), (Gallery.fifty, unwell)] {
      let page = NowPage(Gallery.frame(directories), cards: directories.map { Gallery.card($0, .normal) }).html
      let tags = HTMLTag.all(in: page)
      #expect(tags.count { $0["class"]?.hasPrefix("card ") == true } == directories.count)
      let fold = tags.firstIndex { $0["id"] == "well-cards" } ?? tags.count
      #expect(tags[..<fold].count { $0["class"]?.hasPrefix("card ") == true } == unfolded)
      #expect(page.contains("Lag, last hour: p50 ") && page.contains("Writes, last hour: "))
      // The table stands before them.
      #expect(page.firstRange(of: "<table")!.lowerBound < page.firstRange(of: "class=\"card ")!.lowerBound)
    }
  }

  @Test func nothingIsInline() {
    for (name, html) in Self.pages {
      for tag in HTMLTag.all(in: html) {
        #expect(tag.name != "style", "\(name)")
        #expect(tag.name != "script" || tag.isEnd || (tag["src"] != nil && tag.text.isEmpty), "\(name)")
        let inline = tag.attributes.filter { $0.name == "style" || $0.name.hasPrefix("on") }
        #expect(inline.isEmpty, "\(name): \(tag)")
      }
    }
  }

  @Test func elementsAreNested() {
    let void: Set = ["meta", "link", "input", "br", "path", "circle", "line", "rect", "!doctype"]
    for (name, html) in Self.pages {
      var open: [String] = []
      for tag in HTMLTag.all(in: html) where !void.contains(tag.name) {
        if !tag.isEnd {
          open.append(tag.name)
        } else {
          #expect(open.last == tag.name, "\(name): </\(tag.name)> in \(open.suffix(5))")
          if open.last == tag.name { open.removeLast() }
        }
      }
      #expect(open.isEmpty, "\(name): \(open)")
    }
  }

  @Test func headingsAndLandmarks() {
    for (name, html) in Self.pages {
      let tags = HTMLTag.all(in: html).filter { !$0.isEnd }
      #expect(tags.count { $0.name == "h1" } == 1, "\(name)")
      #expect(tags.count { $0.name == "main" } == 1, "\(name)")
      #expect(tags.count { $0.name == "header" } == 1, "\(name)")
      #expect(tags.filter { $0.name == "nav" }.allSatisfy { $0["aria-label"] != nil }, "\(name)")
      #expect(tags.first { $0.name == "html" }?["lang"] == "en", "\(name)")
      var last = 0
      for tag in tags where tag.name.count == 2 && tag.name.first == "h" {
        guard let level = tag.name.last?.wholeNumberValue else { continue }
        #expect(level <= last + 1, "\(name): \(tag.name) after h\(last)")
        last = level
      }
    }
  }

  @Test func everythingHasItsLabel() {
    for (name, html) in Self.pages {
      var isLabelled = false
      for tag in HTMLTag.all(in: html) {
        if tag.name == "label" { isLabelled = !tag.isEnd && !tag.text.allSatisfy(\.isWhitespace) }
        guard !tag.isEnd else { continue }
        switch tag.name {
        case "input" where tag["type"] != "hidden" && tag["aria-hidden"] == nil, "select":
          #expect(isLabelled, "\(name): \(tag)")
        case "button", "summary": #expect(!tag.text.isEmpty || html.contains("<summary><"), "\(name): \(tag)")
        case "th": #expect(tag["scope"] != nil, "\(name)")
        case "svg": #expect(tag["aria-hidden"] == "true" || tag["aria-labelledby"] != nil, "\(name)")
        default: break
        }
      }
    }
  }

  @Test func tablesAreTablesForAScreenReaderToo() {
    for (name, html) in Self.pages {
      let tags = HTMLTag.all(in: html)
      for (index, tag) in tags.enumerated() where tag.name == "table" && !tag.isEnd {
        #expect(tag["role"] == "table", "\(name)")
        #expect(tags[index + 1].name == "caption" && !tags[index + 1].text.isEmpty, "\(name)")
      }
    }
  }

  @Test func idsAreUnique() {
    for (name, html) in Self.pages where name != "waiting" && name != "all waiting" {
      let ids = HTMLTag.all(in: html).compactMap { $0["id"] }
      #expect(Set(ids).count == ids.count, "\(name)")
    }
  }

  @Test func allThatAriaNamesIsThere() {
    for (name, html) in Self.pages {
      let tags = HTMLTag.all(in: html)
      let ids = Set(tags.compactMap { $0["id"] })
      for tag in tags {
        for id in tag["aria-labelledby"]?.split(separator: " ") ?? [] { #expect(ids.contains(String(id)), "\(name)") }
      }
    }
  }

  /// The title and the icon tell how things are where the page is not seen.
  @Test(arguments: [
    (Standing.Level.well, "in step · "), (.waiting, "behind by 3\u{A0}min · "), (.trouble, "3 held · "),
  ])
  func theTabTells(level: Standing.Level, words: String) {
    let directory = DirectorySummary(
      name: "main", leader: "h:1", watermarkAge: level == .waiting ? 180 : 1, isBehind: level == .waiting,
      condition: .init("connected"), held: level == .trouble ? 3 : 0)
    let frame = Frame(directories: [directory], formToken: "t", now: Everywhere.now, version: "1")
    let html = WaitingPage(frame).html
    #expect(html.contains("<title>\(words)Waiting · Rollcall</title>"))
    #expect(html.contains("/assets/\(level.name).svg"))
  }
}
