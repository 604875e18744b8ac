internal import CLDAP
public import LDAPModel
internal import Reactor

extension LDAPSession {
  /// Searches page by page (RFC 2696): `each` gets one page after the other, and the next is not asked for
  /// before it has returned, so that memory is bounded by a page however many entries there are.
  ///
  /// A server that knows no pages fails it with `unavailableCriticalExtension`. Servers keep one paged search a
  /// connection, so a second one on this session waits until the first has ended. When `each` throws, or the
  /// task is cancelled, the search ends and the server is told to forget it.
  ///
  /// - Throws: what `each` throws, or ``LDAPError``; only when it returns were these all entries.
  public func search(
    base: DistinguishedName, scope: SearchScope, filter: Filter, attributes: [String] = [], pageSize: Int,
    each: @Reactor ([Entry]) async throws -> Void
  ) async throws {
    await pages.enter()
    defer { pages.leave() }
    let query = SearchQuery(base: base, scope: scope, filter: filter, attributes: attributes)
    var cookie: [UInt8] = []
    repeat {
      let page = try await page(query, sizeLimit: 0, control: PageRequest(size: pageSize, cookie: cookie))
      cookie = page.cookie
      do {
        try await each(page.entries)
        try Task.checkCancellation()
      } catch {
        if !cookie.isEmpty {
          // RFC 2696 section 3: size 0 with the cookie.
          _ = try? await self.page(query, sizeLimit: 0, control: PageRequest(size: 0, cookie: cookie))
        }
        throw error
      }
    } while !cookie.isEmpty
  }
}

/// Which page of a search is asked for.
struct PageRequest: Sendable {
  var size: Int
  /// Empty for the first.
  var cookie: [UInt8]
}

extension PageRequest: SearchControl {
  var octets: [UInt8] { cookie }

  /// The control is critical, because without it the answer could have any size.
  func make(
    _ ld: OpaquePointer, _ value: inout berval, _ control: inout UnsafeMutablePointer<LDAPControl>?
  ) -> Int32 {
    unsafe ldap_create_page_control(ld, ber_int_t(clamping: size), &value, 1, &control)
  }
}
