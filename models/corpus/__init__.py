"""What training reads: captions, pictures, buckets, batches, caches; `models.dataset` leads in."""
