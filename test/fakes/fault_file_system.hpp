#pragma once
// FaultFileSystem: RocksDB's files on this machine, until a test says that the disk refuses writes: it is full,
// read-only or failing. Reads go on. Thread-safe.

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

namespace troupe::test {

enum class DiskFault : uint8_t {
  none,
  full,
  read_only,
  failing,
  failing_sync,  ///< Writes reach the file; making them durable fails.
};

class FaultFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultFileSystem"; }

  void set(DiskFault fault) { fault_ = fault; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* dbg) override {
    if (auto refused = refusal(name); !refused.ok()) return refused;
    std::unique_ptr<rocksdb::FSWritableFile> file;
    rocksdb::IOStatus status = target()->NewWritableFile(name, options, &file, dbg);
    if (status.ok()) *result = std::make_unique<File>(*this, name, std::move(file));
    return status;
  }

  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* dbg) override {
    if (auto refused = refusal(to); !refused.ok()) return refused;
    return target()->RenameFile(from, to, options, dbg);
  }

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(FaultFileSystem& disk, std::string name, std::unique_ptr<rocksdb::FSWritableFile> file)
        : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), name_(std::move(name)) {}

    using FSWritableFileOwnerWrapper::Append;
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* dbg) override {
      if (auto refused = disk_.refusal(name_); !refused.ok()) return refused;
      return FSWritableFileOwnerWrapper::Append(data, options, dbg);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo& info, rocksdb::IODebugContext* dbg) override {
      if (auto refused = disk_.refusal(name_); !refused.ok()) return refused;
      return FSWritableFileOwnerWrapper::Append(data, options, info, dbg);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* dbg) override {
      if (auto refused = disk_.sync_refusal(name_); !refused.ok()) return refused;
      return FSWritableFileOwnerWrapper::Sync(options, dbg);
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* dbg) override {
      if (auto refused = disk_.sync_refusal(name_); !refused.ok()) return refused;
      return FSWritableFileOwnerWrapper::Fsync(options, dbg);
    }

   private:
    FaultFileSystem& disk_;
    const std::string name_;
  };

  rocksdb::IOStatus refusal(const std::string& name) const {
    switch (fault_.load()) {
      case DiskFault::full:
        return rocksdb::IOStatus::NoSpace("While appending to file: " + name, "No space left on device");
      case DiskFault::read_only:
        return rocksdb::IOStatus::IOError("While appending to file: " + name, "Read-only file system");
      case DiskFault::failing:
        return rocksdb::IOStatus::IOError("While appending to file: " + name, "Input/output error");
      case DiskFault::none:
      case DiskFault::failing_sync:
        return rocksdb::IOStatus::OK();
    }
    return rocksdb::IOStatus::OK();
  }

  rocksdb::IOStatus sync_refusal(const std::string& name) const {
    if (fault_ == DiskFault::none) return rocksdb::IOStatus::OK();
    return rocksdb::IOStatus::IOError("While fsync: " + name, "Input/output error");
  }

  std::atomic<DiskFault> fault_{DiskFault::none};
};

/// A disk with its RocksDB environment.
struct FaultyDisk {
  std::shared_ptr<FaultFileSystem> files = std::make_shared<FaultFileSystem>();
  std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
};

}  // namespace troupe::test
