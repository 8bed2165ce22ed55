"""How the embedded model is made from nothing: data, autoencoder, words, UNet, upscaler, export."""
