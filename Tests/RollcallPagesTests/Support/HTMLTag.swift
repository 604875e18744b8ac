/// A tag as a browser's tokenizer reads it (HTML, section 13.2.5), as far as the pages go.
struct HTMLTag: Equatable, CustomStringConvertible {
  struct Attribute: Equatable {
    var name: String
    /// As it stands in the text, undecoded; nil where there is none.
    var value: String?
  }

  var name: String
  var isEnd: Bool
  var attributes: [Attribute] = []
  /// The text up to the next tag.
  var text = ""

  subscript(name: String) -> String? { attributes.first { $0.name == name }.map { $0.value ?? "" } }

  /// Its name and the names of its attributes: what a value must never change.
  var description: String {
    isEnd ? "</\(name)>" : "<\(([name] + attributes.map(\.name)).joined(separator: " "))>"
  }

  /// All tags of a page, in order.
  static func all(in html: String) -> [HTMLTag] {
    let bytes = Array(html.utf8)
    var tags: [HTMLTag] = []
    var index = 0
    var text: [UInt8] = []
    func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0C }
    func flush() {
      if !tags.isEmpty { tags[tags.count - 1].text = String(decoding: text, as: UTF8.self) }
      text = []
    }
    while index < bytes.count {
      let next = index + 1 < bytes.count ? bytes[index + 1] : 0
      let isEnd = next == UInt8(ascii: "/")
      let isTag = isLetter(next) || next == UInt8(ascii: "!") || next == UInt8(ascii: "?") || isEnd
      guard bytes[index] == UInt8(ascii: "<"), isTag else {
        text.append(bytes[index])
        index += 1
        continue
      }
      flush()
      index += isEnd ? 2 : 1
      func word(_ isOver: (UInt8) -> Bool) -> String {
        let start = index
        while index < bytes.count, !isOver(bytes[index]) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self).lowercased()
      }
      var tag = HTMLTag(
        name: word { isSpace($0) || $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "/") }, isEnd: isEnd)
      while index < bytes.count, bytes[index] != UInt8(ascii: ">") {
        if isSpace(bytes[index]) || bytes[index] == UInt8(ascii: "/") {
          index += 1
          continue
        }
        var attribute = Attribute(
          name: word { isSpace($0) || $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "/") })
        if index < bytes.count, bytes[index] == UInt8(ascii: "=") {
          index += 1
          if index < bytes.count, bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "'") {
            let quote = bytes[index]
            let start = index + 1
            index = bytes[start...].firstIndex(of: quote) ?? bytes.count
            attribute.value = String(decoding: bytes[start..<index], as: UTF8.self)
            index += 1
          } else {
            attribute.value = word { isSpace($0) || $0 == UInt8(ascii: ">") }
          }
        }
        tag.attributes.append(attribute)
      }
      index += 1
      tags.append(tag)
    }
    flush()
    return tags
  }
}

extension String {
  /// Without references, as a browser reads a text or a value.
  var decoded: String {
    replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
      .replacing("&#39;", with: "'").replacing("&#13;", with: "\r").replacing("&amp;", with: "&")
  }
}
