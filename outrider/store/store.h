// Records that survive: three tables of keys and values, changed together in batches. What a key
// or a value means is the business of the modules above.
//
// A batch is written whole or not at all, and batches survive in the order they were written: when
// one is on disk, so are all before it. That is what lets a message's chunks go ahead unsynced,
// with the record that makes it exist coming last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "outrider/base/result.h"

namespace outrider::store {

enum class Table : std::uint8_t {
  Meta,  ///< small records that change
  Body,  ///< large values, written once, in the order of their keys
  Keyed  ///< small tables by name (KeyedTable)
};

/// When a write is on disk: with the next write that syncs, or before write() returns.
enum class Durable : std::uint8_t { Later, Now };

struct Options {
  std::string path;                     ///< made with mode 0700 where it is not there
  std::size_t memory = 64 << 20;        ///< of writes not yet in tables; between 8 MiB and 1 GiB
  std::uint64_t log_bytes = 192 << 20;  ///< of the write-ahead log: what a start reads again
};

/// Changes that happen together. Made by Store::batch().
class Batch {
 public:
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;
  ~Batch();

  void put(Table table, std::string_view key, std::string_view value);
  void erase(Table table, std::string_view key);
  bool empty() const;
  std::size_t bytes() const;
  void clear();

 private:
  friend class Store;
  struct Rocks;
  explicit Batch(std::unique_ptr<Rocks> rocks);
  std::unique_ptr<Rocks> rocks_;
};

/// The records of a key range at one moment, in order. Ends before the store does.
class Cursor {
 public:
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  ~Cursor();

  bool at_end() const;  ///< then status() says whether all was seen
  void next();
  std::string_view key() const;    ///< until next()
  std::string_view value() const;  ///< until next()
  Result<void> status() const;

 private:
  friend class Store;
  struct Rocks;
  explicit Cursor(std::unique_ptr<Rocks> rocks);
  std::unique_ptr<Rocks> rocks_;
};

/// Safe from any thread.
class Store {
 public:
  /// Fails where another process has the folder open (naming it), where others may write to the
  /// folder, where the data is of another format or not ours, and where it is damaged; but for the
  /// log's end that no sync is known to have covered, which a power cut may leave in pieces.
  static Result<std::unique_ptr<Store>> open(const Options& options);
  ~Store();
  Store(const Store&) = delete;

  Batch batch() const;
  /// An error leaves the store as it was, and failing().
  Result<void> write(Batch& batch, Durable durable);
  /// All written so far is on disk when it returns a value.
  Result<void> sync();
  Result<std::optional<std::string>> read(Table table, std::string_view key) const;
  /// Keys from `from` on and below `until`; an empty `until` is the end of the table.
  Cursor scan(Table table, std::string_view from, std::string_view until = {}) const;

  /// After an error of a write: nothing can be written until resume() succeeds.
  bool failing() const;
  Result<void> resume();
  /// Free for us in the file system of the folder; 0 where it cannot be told.
  std::uint64_t free_bytes() const;
  std::uint64_t syncs() const;  ///< since open()
  /// What open() left out of the log after a power cut, for the operator; usually empty.
  const std::string& cut() const;
  const std::string& path() const;

 private:
  struct Rocks;
  explicit Store(std::unique_ptr<Rocks> rocks);
  std::unique_ptr<Rocks> rocks_;
};

}  // namespace outrider::store
