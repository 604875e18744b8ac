internal import FoundationEssentials

/// JSON of the ledger: the subjects of requests, and their answers.
package enum LedgerText {
  package static func encode(_ value: some Encodable) throws(EngineError) -> String {
    do { return String(decoding: try JSONEncoder().encode(value), as: UTF8.self) } catch {
      throw .refused("a question or an answer cannot be written as JSON: \(error)")
    }
  }

  package static func decode<Value: Decodable>(_ text: String?) throws(EngineError) -> Value {
    do { return try JSONDecoder().decode(Value.self, from: Data((text ?? "").utf8)) } catch {
      throw .refused("the daemon and this program have incompatible versions; restart the daemon after an upgrade")
    }
  }
}
