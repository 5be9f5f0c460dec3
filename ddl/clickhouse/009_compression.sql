-- Events take half the room of the server's own default, LZ4: docs/adr/0010. Parts that are there are compressed anew
-- when they are merged.
ALTER TABLE user_behaviors_local MODIFY SETTING default_compression_codec = 'ZSTD(1)';
