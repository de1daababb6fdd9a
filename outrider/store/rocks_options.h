// How RocksDB is set for mail: many short-lived records, most of them gone before they ever reach
// a table. Inside the module only.
#pragma once

#include <rocksdb/options.h>

#include "outrider/store/store.h"

namespace outrider::store {

rocksdb::DBOptions rocks_options(const Options& options);
rocksdb::ColumnFamilyOptions rocks_table(const Options& options, Table table);

}  // namespace outrider::store
