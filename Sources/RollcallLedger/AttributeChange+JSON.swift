internal import FoundationEssentials
package import RollcallCore

extension AttributeChange {
  /// Parses the column `changes` into changes by attribute; nil if it has another format.
  package static func parse(_ text: String) -> [AttributeChange]? {
    guard let stored = try? JSONDecoder().decode([String: Stored?].self, from: Data(text.utf8)) else { return nil }
    return stored.sorted { $0.key < $1.key }.map { name, change in
      let isKept = change?.removed != nil || change?.added != nil
      return AttributeChange(
        name: name, removed: change?.removed?.map(\.value) ?? (isKept ? [] : nil),
        added: change?.added?.map(\.value) ?? (isKept ? [] : nil),
        isErased: change?.erased ?? false)
    }
  }

  private struct Stored: Decodable {
    var removed: [StoredValue]?
    var added: [StoredValue]?
    var erased: Bool?
  }
}

private struct StoredValue: Decodable {
  var value: HistoryValue

  private enum Key: CodingKey {
    case sha256, size, hidden
  }

  init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      value = .text(text)
      return
    }
    let object = try decoder.container(keyedBy: Key.self)
    if object.contains(.hidden) {
      value = .hidden
    } else {
      value = .digest(
        sha256: try object.decode(String.self, forKey: .sha256), size: try object.decode(Int.self, forKey: .size))
    }
  }
}
