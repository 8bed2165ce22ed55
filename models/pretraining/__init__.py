"""Makes the embedded model from scratch: data, autoencoder, words, UNet, upscaler, export."""
