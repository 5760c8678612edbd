"""What asks more than one forecast: alliance, requirement, sensitivity, sweep, why a vintage moved it;
fits are made of mixtures of vintages alone."""
