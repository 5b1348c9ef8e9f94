"""ECG paper on the screen: the figure of the leads and the component that shows it in true scale."""
