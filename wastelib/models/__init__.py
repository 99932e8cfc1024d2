"""Networks: the published custom CNN, and pretrained backbones with a new head."""
