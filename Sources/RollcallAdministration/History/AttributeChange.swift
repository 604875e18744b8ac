internal import FoundationEssentials

/// A value as the journal keeps it.
package enum HistoryValue: Sendable, Equatable {
  case text(String)
  /// Of octets that are no text, and of attributes whose values are hidden: what proves a value, without being it.
  case digest(sha256: String, size: Int)
  /// Of passwords, and where no values are kept.
  case hidden
}

/// What one row of the journal says of one attribute.
package struct AttributeChange: Sendable, Equatable {
  package var name: String
  /// Nil where the values are not kept, or no longer.
  package var removed: [HistoryValue]?
  package var added: [HistoryValue]?
  /// Whether the values were there and `history --erase` has taken them away.
  package var isErased = false

  /// Reads the column `changes`, by attribute; nil where it has another form.
  static func parse(_ text: String) -> [AttributeChange]? {
    guard let stored = try? JSONDecoder().decode([String: Stored?].self, from: Data(text.utf8)) else { return nil }
    return stored.sorted { $0.key < $1.key }.map { name, change in
      let isKept = change?.removed != nil || change?.added != nil
      return AttributeChange(
        name: name, removed: change?.removed ?? (isKept ? [] : nil), added: change?.added ?? (isKept ? [] : nil),
        isErased: change?.erased ?? false)
    }
  }

  private struct Stored: Decodable {
    var removed: [HistoryValue]?
    var added: [HistoryValue]?
    var erased: Bool?
  }
}

extension HistoryValue: Decodable {
  private enum Key: CodingKey {
    case sha256, size, hidden
  }

  package init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      self = .text(text)
      return
    }
    let object = try decoder.container(keyedBy: Key.self)
    if object.contains(.hidden) {
      self = .hidden
    } else {
      self = .digest(
        sha256: try object.decode(String.self, forKey: .sha256), size: try object.decode(Int.self, forKey: .size))
    }
  }
}
